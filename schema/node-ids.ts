/**
 * Ids as the outside sees them: a short word for the type, then the database's id (`acc_0191…`). People can tell
 * what an id is of, and one of the wrong type is found out before the database is asked.
 */
import { isUuid } from '../server/ids.ts';

const PREFIXES = {
  Account: 'acc',
  Alert: 'alt',
  AlertChannel: 'alc',
  AlertDelivery: 'ald',
  ApiKey: 'key',
  AuditLogEntry: 'aud',
  BookLine: 'bkl',
  Budget: 'bud',
  CatalogModel: 'mdl',
  Checkout: 'chk',
  Entry: 'ent',
  Generation: 'gen',
  Grant: 'grt',
  HistoryImport: 'imp',
  ModelCost: 'mco',
  ModelPrice: 'mpr',
  Output: 'out',
  PackVersion: 'pkv',
  Payment: 'pay',
  PlanVersion: 'plv',
  Quote: 'quo',
  StripeEvent: 'sev',
  Revocation: 'rev',
  TopUp: 'top',
  WheelSpin: 'spn',
} as const;

export type NodeType = keyof typeof PREFIXES;

/** An id that nothing has, in the place of a text that is no id of ours. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

const TYPES = new Map<string, NodeType>(
  Object.entries(PREFIXES).map(([type, prefix]) => [prefix, type as NodeType]),
);

/** `acc_<uuid>` for an account. */
export function encodeId(type: NodeType, id: string): string {
  return `${PREFIXES[type]}_${id}`;
}

/** Whether a text can be the database's id of a type: most are UUIDs. */
function isIdOf(type: NodeType, id: string): boolean {
  switch (type) {
    case 'CatalogModel':
      return /^[a-z0-9-]+\/[\w.-]+$/.test(id);
    case 'Entry':
      return isUuid(id.slice(0, 36)) && /^:\d{1,9}$/.test(id.slice(36));
    case 'StripeEvent':
      return /^\w{1,255}$/.test(id);
    default:
      return isUuid(id);
  }
}

/** The type and the database's id, or null when the text is no id of ours. */
export function decodeAnyId(text: string): { type: NodeType; id: string } | null {
  const cut = text.indexOf('_');
  const type = TYPES.get(text.slice(0, cut));
  const id = text.slice(cut + 1);
  return type && isIdOf(type, id) ? { type, id } : null;
}

/** The database's id of this type, or null when the text is an id of something else, or none. */
export function decodeId(type: NodeType, text: string): string | null {
  const decoded = decodeAnyId(text);
  return decoded?.type === type ? decoded.id : null;
}

/** What an id of this type looks like, for messages. */
export function idHint(type: NodeType): string {
  return `Ids of this kind look like ${PREFIXES[type]}_0191….`;
}
