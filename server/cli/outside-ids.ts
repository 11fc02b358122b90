/** Ids as the API shows them, without the schema that defines them; a test holds the two together. */
import type { EncodeId } from '../export/index.ts';
import { isUuid } from '../ids.ts';

const PREFIXES = { Account: 'acc', Generation: 'gen' } as const;

/** `acc_<uuid>`, `gen_<uuid>`. */
export const encodeId: EncodeId = (type, id) => `${PREFIXES[type]}_${id}`;

/** The database's id of an account, or null when the text is no such id. */
export function accountIdOf(text: string): string | null {
  const id = text.replace(/^acc_/, '');
  return id !== text && isUuid(id) ? id : null;
}
