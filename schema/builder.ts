/** The one schema builder. No type is defined here. */
import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
} from 'graphql';
import { allows, type Scope } from '../server/access/index.ts';
import type PrismaTypes from '../server/database/client/pothos-types.ts';
import { getDatamodel } from '../server/database/client/pothos-types.ts';
import type { PricedCall, Refusal, Ticket } from '../server/generation/index.ts';
import type { Context } from './context.ts';
import { forbidden, unauthenticated } from './errors.ts';
import { decodeAnyId, encodeId, NOBODY, type NodeType } from './node-ids.ts';
import CreditsPlugin, { refuse } from './plugin-credits/index.ts';

/** The most that a page of a connection holds. */
export const MAX_PAGE = 100;
/** What a page of a connection holds that is asked for without `first`. */
export const DEFAULT_PAGE = 20;
/** How many values of a plain list are reckoned with. */
const LIST_LENGTH = 10;

/** What a field adds to a document's complexity: a connection counts as often as its page is long, a list ten times. */
function complexityOf(args: Readonly<Record<string, unknown>>, type: GraphQLOutputType) {
  const named = getNamedType(type).name;
  if (named.endsWith('Connection')) {
    const size = args.first ?? args.last;
    const multiplier = typeof size === 'number' ? Math.min(Math.max(size, 1), MAX_PAGE) : DEFAULT_PAGE;
    return { field: 1, multiplier };
  }
  // A connection's edges are counted by it.
  const isList = isListType(getNullableType(type)) && !named.endsWith('ConnectionEdge');
  return { field: 1, multiplier: isList ? LIST_LENGTH : 1 };
}

/** How a type says whose its objects are: of a row, or for all of them. */
type Whose = ((node: object, context: Context) => boolean) | { readonly scope: Scope } | undefined;

/**
 * Whether a caller may see an object of a type, by the type's own words. Asked where an id alone has led to it: its fields would
 * say FORBIDDEN, and thereby that it is there.
 */
function isFor(type: GraphQLNamedType | undefined, node: object, context: Context): boolean {
  const options = type?.extensions.pothosOptions as { readonly authScopes?: Whose } | undefined;
  const whose = options?.authScopes;
  if (typeof whose === 'function') return whose(node, context);
  return whose === undefined || (context.caller !== null && allows(context.caller, whose.scope));
}

/** What plugin-credits is told with a price: a call to be reserved, or one that the key had made before. */
export type CreditsDetail = { readonly call: PricedCall } | { readonly replay: Ticket };

/** The builder that every file of the schema adds its types and fields to. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  PrismaTypes: PrismaTypes;
  AuthScopes: {
    /** Any caller who is known. */
    signedIn: boolean;
    scope: Scope;
  };
  Scalars: {
    ID: { Input: string; Output: string };
    Decimal: { Input: string; Output: bigint };
    DateTime: { Input: Date; Output: Date };
    IdempotencyKey: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
  };
  Credits: { Reservation: Ticket; Refusal: Refusal; Detail: CreditsDetail };
}>({
  defaultFieldNullability: false,
  plugins: [ScopeAuthPlugin, ComplexityPlugin, PrismaPlugin, RelayPlugin, CreditsPlugin],
  scopeAuth: {
    authScopes: (context) => ({
      signedIn: context.caller !== null,
      scope: (scope) => context.caller !== null && allows(context.caller, scope),
    }),
    // Who calls is known before the first field: nothing is awaited and nothing cached beyond the request.
    cacheKey: (scope) => scope,
    // Whoever may not see a subscription's events may not begin it.
    authorizeOnSubscribe: true,
    unauthorizedError: (_parent, context, info) => {
      if (context.caller === null) return unauthenticated();
      const field = `${info.parentType.name}.${info.fieldName}`;
      const scope = info.parentType.getFields()[info.fieldName]?.extensions.scope;
      return forbidden(`${field} needs ${scope ? `the scope ${String(scope)}` : 'another kind of caller'}.`);
    },
  },
  complexity: {
    // The limits are checked before execution (server/http/limits.ts), so that no resolver pays for them.
    disabled: true,
    fieldComplexity: (args, _context, field) => complexityOf(args, field.type),
  },
  prisma: {
    client: (context) => context.core.database.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    maxConnectionSize: MAX_PAGE,
    defaultConnectionSize: DEFAULT_PAGE,
  },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description: 'Anything that has an id, by it. Null when there is none, or it is not for this caller.',
      authScopes: { signedIn: true },
      resolve: async (_root, { id }, context, info, resolveNode) => {
        const node = await resolveNode(id);
        return node && isFor(info.schema.getType(id.typename), node, context) ? node : null;
      },
    },
    nodeTypeOptions: { description: 'Anything that has an id.' },
    encodeGlobalID: (type, id) => encodeId(type as NodeType, String(id)),
    decodeGlobalID: (text) => {
      const decoded = decodeAnyId(text);
      // What is no id of ours is an account that nobody has: `node` answers null.
      return decoded ? { typename: decoded.type, id: decoded.id } : { typename: 'Account', id: NOBODY };
    },
  },
  credits: {
    reserve: async (context, request) => {
      const detail = request.detail;
      if (!detail) throw new Error(`${request.field} is priced without a call to reserve.`);
      if ('replay' in detail) return detail.replay;
      const ticket = await context.core.generations.reserve(detail.call);
      return 'refusal' in ticket ? refuse(ticket.refusal) : ticket;
    },
    // Every priced field settles through the generation room, which books attempts in the same transaction.
    post: () => {},
    void: async (context, ticket) => {
      if (!ticket.replayed) await context.core.generations.cancel(ticket.generationId);
    },
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({ description: 'What can be done.' });
builder.subscriptionType({
  description:
    'What can be watched. Every subscription sends the present state first, so that a client which reconnects is right again after its first event.',
});

/**
 * The scope that a field needs, checked and said: put into the field's options.
 *
 * @param description what the field is; the scope is added to it.
 */
export function needs(scope: Scope, description: string) {
  return {
    authScopes: { scope },
    description: `${description} Needs the scope \`${scope}\`.`,
    extensions: { scope },
  } as const;
}
