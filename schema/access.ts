/** Who calls, API keys, and the admin's sign-in. */
import type { Caller } from '../server/access/index.ts';
import { Account } from './account.ts';
import { builder, needs } from './builder.ts';
import { forbidden, notFound, rateLimited, unauthenticated } from './errors.ts';
import { decodeId } from './node-ids.ts';
import { InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';

const ViewerKind = builder.enumType('ViewerKind', {
  description: 'What kind of credentials were shown.',
  values: ['API_KEY', 'ACCOUNT', 'ADMIN'] as const,
});

const Viewer = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who calls.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ViewerKind, description: 'What kind of credentials were shown.' }),
    account: t.field({
      type: Account,
      nullable: true,
      description: 'The account that a token acts for; null for API keys and admins.',
      resolve: (caller, _args, context) =>
        caller.accountId
          ? context.core.database.prisma.account.findUnique({ where: { id: caller.accountId } })
          : null,
    }),
    scopes: t.stringList({ description: 'What the caller may do.', resolve: (caller) => [...caller.scopes] }),
  }),
});

const ApiKey = builder.prismaNode('ApiKey', {
  nullable: true,
  id: { field: 'id' },
  description: "A key with which a client app's server calls. The key itself is not kept.",
  authScopes: { scope: 'admin' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is for.' }),
    prefix: t.exposeString('prefix', {
      description: 'Its first characters, by which to tell it from others.',
    }),
    scopes: t.exposeStringList('scopes', { description: 'What it may do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was used last, to the minute.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when it no longer works.',
    }),
  }),
});

const NewApiKey = builder.objectRef<{ key: string; id: string }>('NewApiKey').implement({
  description: 'A new key. `key` is shown this once.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Send it as "Authorization: Bearer …". Shown this once.' }),
    apiKey: t.prismaField({
      type: 'ApiKey',
      description: 'What is kept of it.',
      resolve: (query, made, _args, context) =>
        context.core.database.prisma.apiKey.findUniqueOrThrow({ ...query, where: { id: made.id } }),
    }),
  }),
});

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to be made.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for.' }),
    scopes: t.stringList({
      required: true,
      description: 'Any of generate, accounts:write, credits:write, profit:read, protection:write, admin.',
    }),
  }),
});

const CreateApiKeyResult = builder.unionType('CreateApiKeyResult', {
  types: [NewApiKey, InvalidInputError],
  resolveType: resolveOutcome('NewApiKey'),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    description: 'Who calls.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => {
      if (!context.caller) throw unauthenticated();
      return context.caller;
    },
  }),
  apiKeys: t.prismaConnection({
    type: 'ApiKey',
    cursor: 'id',
    ...needs('admin', 'All API keys, the newest first; revoked ones too.'),
    resolve: (query, _root, _args, context) =>
      context.core.database.prisma.apiKey.findMany({ ...query, orderBy: { id: 'desc' } }),
  }),
}));

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyResult,
    ...needs('admin', 'Make an API key. It is shown this once.'),
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const made = await context.core.access.createApiKey(input, context.caller.actor);
      return made.status === 'invalid' ? invalidInput(made.fields) : { key: made.key, id: made.apiKey.id };
    },
  }),
  revokeApiKey: t.field({
    type: ApiKey,
    ...needs('admin', 'End an API key for good.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      if (!context.caller) throw unauthenticated();
      const id = decodeId('ApiKey', args.id);
      const revoked = id ? await context.core.access.revokeApiKey(id, context.caller.actor) : null;
      if (!revoked) throw notFound(`There is no API key ${args.id.slice(0, 60)}.`);
      return context.core.database.prisma.apiKey.findUniqueOrThrow({ where: { id: revoked.id } });
    },
  }),
  signIn: t.field({
    type: Viewer,
    description: 'Sign an admin in: sets a cookie for pages of this server.',
    args: { email: t.arg.string({ required: true }), password: t.arg.string({ required: true }) },
    resolve: async (_root, args, { core, connection }) => {
      if (!connection?.sameOrigin) throw forbidden('Sign in from a page of this server.');
      const result = await core.access.signIn(args.email, args.password, connection.ip);
      switch (result.status) {
        case 'signed-in':
          connection.setCookie(result.cookie);
          return result.caller;
        case 'too-many-tries':
          throw rateLimited(result.retryAfterSeconds, 'Too many failed sign-ins.');
        case 'refused':
          throw unauthenticated('This e-mail address and password do not belong together.');
      }
    },
  }),
  signOut: t.boolean({
    description: 'End the session of this browser.',
    resolve: async (_root, _args, { core: { access }, connection }) => {
      if (!connection?.sameOrigin) throw forbidden('Sign out from a page of this server.');
      await access.signOut(connection.cookie);
      connection.setCookie(access.signedOutCookie);
      return true;
    },
  }),
}));
