/** Accounts, their balance, grants and ledger. */
import { LONGEST_TOKEN_SECONDS, SHORTEST_TOKEN_SECONDS } from '../server/access/index.ts';
import type { Balance as BalanceRecord, GrantItem } from '../server/ledger/index.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { readDollars } from './decimal.ts';
import { Tier } from './enums.ts';
import { invalidArgument, notFound, unauthenticated } from './errors.ts';
import { Generation } from './generation.ts';
import { hashText } from './hash.ts';
import { decodeId, encodeId, idHint } from './node-ids.ts';
import {
  type FieldProblem,
  IdempotencyConflictError,
  InvalidInputError,
  idempotencyConflict,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  resolveOutcome,
} from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';
import { PACE, present } from './subscribe.ts';

const GrantSource = builder.enumType('GrantSource', {
  description: 'Where credits come from.',
  values: ['DAILY_FREE', 'PLAN', 'PURCHASE', 'PRIZE', 'REFERRAL', 'ADMIN'] as const,
});

export const EntryKind = builder.enumType('EntryKind', {
  description: 'What happened to an account.',
  values: {
    GRANT: { description: 'Credits were given.' },
    RESERVE: { description: 'Credits were set aside for a call.' },
    POST: { description: 'A call burned its credits; what it did not need went back.' },
    VOID: { description: 'A call came to nothing; its credits went back.' },
    EXPIRE_RESERVATION: { description: 'A call was given up; its credits went back.' },
    EXPIRE_GRANT: { description: 'Credits that nobody used in time.' },
    REVOKE: { description: 'Credits were taken back.' },
  } as const,
});

const Balance = builder.objectRef<BalanceRecord>('Balance').implement({
  description: 'available = posted - reserved, at one instant.',
  fields: (t) => ({
    available: t.exposeInt('available', { description: 'Credits that a call can use.' }),
    reserved: t.exposeInt('reserved', { description: 'Credits set aside for calls under way.' }),
    posted: t.exposeInt('posted', { description: 'Credits given and neither burned, expired nor revoked.' }),
  }),
});

/** Whether a caller may see what belongs to an account: its own token, or any API key or admin. */
export function maySee(context: Context, accountId: string): boolean {
  const { caller } = context;
  return caller !== null && (caller.accountId === null || caller.accountId === accountId);
}

/**
 * The account that a caller acts for: the one it names, or its token's own.
 *
 * @returns the database's id, or null when it names none, or one that is not for it. Whether it is there is not looked up.
 */
export function actingFor(context: Context, accountId: string | null | undefined): string | null {
  if (accountId == null) return context.caller?.accountId ?? null;
  const id = decodeId('Account', accountId);
  return id !== null && maySee(context, id) ? id : null;
}

/** That an account is not there, or not for this caller, as an outcome. */
export function noAccount(accountId: string | null | undefined) {
  return notFoundOutcome(
    accountId == null
      ? 'Say which account: an API key may act for any.'
      : `There is no account ${accountId.slice(0, 60)}. ${idHint('Account')}`,
  );
}

export const Grant = builder.prismaNode('Grant', {
  nullable: true,
  id: { field: 'id' },
  description: 'Credits given to an account.',
  // node(id) reaches any row: whose it is decides who sees it.
  authScopes: (grant, context) => maySee(context, grant.accountId),
  fields: (t) => ({
    source: t.expose('source', { type: GrantSource, description: 'Where they come from.' }),
    credits: t.exposeInt('credits', { description: 'How many were given.' }),
    remaining: t.int({
      description: 'How many are left; those set aside for calls under way count.',
      resolve: (grant) => grant.credits - grant.used - grant.expired - grant.revoked,
    }),
    unitRevenue: t.field({
      type: Money,
      description: 'What one credit of it earned.',
      resolve: (grant) => grant.revenueMicros / BigInt(grant.credits),
    }),
    effectiveAt: t.expose('effectiveAt', { type: 'DateTime', description: 'From when they can be used.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When what is left is lost; null: never.',
    }),
    priority: t.exposeInt('priority', {
      description: 'Lower burns first; then the soonest to expire, then free before paid.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why they were given.' }),
  }),
});

builder.prismaNode('Entry', {
  nullable: true,
  description: "Written once, never changed. The sum of an account's entries is its balance.",
  id: { resolve: (entry) => `${entry.accountId}:${entry.sequence}` },
  findUnique: (id) => {
    const [accountId = '', sequence] = id.split(':');
    return { accountId_sequence: { accountId, sequence: Number(sequence) || 0 } };
  },
  authScopes: (entry, context) => maySee(context, entry.accountId),
  fields: (t) => ({
    kind: t.expose('kind', { type: EntryKind, description: 'What happened.' }),
    credits: t.exposeInt('credits', { description: 'Change of what is available.' }),
    postedDelta: t.exposeInt('postedDelta', { description: 'Change of what the account holds in all.' }),
    reservedDelta: t.exposeInt('reservedDelta', { description: 'Change of what is set aside.' }),
    availableAfter: t.exposeInt('availableAfter', { description: 'What was available then.' }),
    generation: t.field({
      type: Generation,
      nullable: true,
      description: 'The call that it belongs to.',
      resolve: (entry, _args, context) =>
        entry.generationId ? context.core.generations.read(entry.generationId) : null,
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, where somebody said so.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it happened.' }),
  }),
});

export const Account = builder.prismaNode('Account', {
  nullable: true,
  id: { field: 'id' },
  description: "A client app's user.",
  authScopes: (account, context) => maySee(context, account.id),
  fields: (t) => ({
    externalId: t.exposeString('externalId', {
      description: "The client app's own id for its user. Unique.",
    }),
    email: t.exposeString('email', { nullable: true, description: 'Where to write to.' }),
    country: t.exposeString('country', { nullable: true, description: 'ISO 3166-1 alpha-2, such as DE.' }),
    tier: t.expose('tier', { type: Tier, description: 'Its plan.' }),
    timeZone: t.exposeString('timeZone', { description: 'IANA name; its midnight resets the free credits.' }),
    balance: t.field({
      type: Balance,
      description: 'What it has at this instant.',
      resolve: async (account, _args, context) => {
        const balance = await context.core.ledger.balance(account.id);
        if (!balance) throw notFound('The account is gone.');
        return balance;
      },
    }),
    grants: t.relatedConnection('grants', {
      cursor: 'id',
      description: 'Credits given to it, the newest first.',
      query: { orderBy: { id: 'desc' } },
    }),
    entries: t.relatedConnection('entries', {
      cursor: 'accountId_sequence',
      description: 'Its ledger, the newest first.',
      query: { orderBy: { sequence: 'desc' } },
    }),
    generations: t.relatedConnection('generations', {
      cursor: 'id',
      description: 'What it asked for, the newest first.',
      query: { orderBy: { id: 'desc' } },
    }),
    barredReason: t.exposeString('barredReason', {
      nullable: true,
      description: 'Why it may make no paid calls; null when it may.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

builder.queryFields((t) => ({
  account: t.prismaField({
    type: 'Account',
    nullable: true,
    description:
      'An account by its id or by your own id of the user. Without either: the account of the token that asks. Null when there is none, or it is not for this caller.',
    authScopes: { signedIn: true },
    args: {
      id: t.arg.id({ required: false }),
      externalId: t.arg.string({ required: false }),
    },
    resolve: (query, _root, args, context) => {
      const own = context.caller?.accountId ?? null;
      const id = args.id == null ? (args.externalId == null ? own : null) : decodeId('Account', args.id);
      if (id === null && args.externalId == null) return null;
      return context.core.database.prisma.account.findFirst({
        ...query,
        where: {
          ...(id === null ? {} : { id }),
          ...(args.externalId == null ? {} : { externalId: args.externalId }),
          ...(own === null ? {} : { AND: { id: own } }),
        },
      });
    },
  }),
  accounts: t.prismaConnection({
    type: 'Account',
    cursor: 'id',
    ...needs('accounts:write', 'All accounts, the newest first.'),
    args: {
      search: t.arg.string({
        required: false,
        description: 'Only those whose external id or e-mail contains this text.',
      }),
    },
    resolve: (query, _root, args, context) =>
      context.core.database.prisma.account.findMany({
        ...query,
        orderBy: { id: 'desc' },
        ...(args.search
          ? {
              where: {
                OR: [
                  { externalId: { contains: args.search, mode: 'insensitive' } },
                  { email: { contains: args.search, mode: 'insensitive' } },
                ],
              },
            }
          : {}),
      }),
  }),
}));

const UpsertAccountInput = builder.inputType('UpsertAccountInput', {
  description: 'An account; what is left out of an existing one stays as it is.',
  fields: (t) => ({
    externalId: t.string({
      required: true,
      description: 'Your own id of the user. Unique; 1 to 255 characters.',
    }),
    email: t.string({ description: 'Where to write to.' }),
    country: t.string({ description: 'ISO 3166-1 alpha-2, such as DE.' }),
    tier: t.field({ type: Tier, description: 'Its plan; a new account is FREE.' }),
    timeZone: t.string({ description: 'IANA name, such as Europe/Berlin; a new account has UTC.' }),
    referredBy: t.string({
      description:
        "The referral code of the friend by whom it came. It counts before the account's first payment.",
    }),
  }),
});

const UpsertAccountResult = builder.unionType('UpsertAccountResult', {
  types: [Account, InvalidInputError],
  resolveType: resolveOutcome('Account'),
});

const AccountToken = builder.objectRef<{ token: string; expiresAt: Date }>('AccountToken').implement({
  description: 'With it a browser acts for one account, and for nothing else.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Send it as "Authorization: Bearer …".' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends.' }),
  }),
});

const GrantCreditsInput = builder.inputType('GrantCreditsInput', {
  description: 'Credits to be given, once under its key.',
  fields: (t) => ({
    idempotencyKey: t.field({
      type: 'IdempotencyKey',
      required: true,
      description: 'Unique for this grant.',
    }),
    accountId: t.id({ required: true, description: 'Who gets them.' }),
    credits: t.int({ required: true, description: 'How many; from 1.' }),
    source: t.field({ type: GrantSource, defaultValue: 'ADMIN', description: 'Where they come from.' }),
    reason: t.string({ required: true, description: 'Why; it is kept in the ledger and the audit log.' }),
    unitRevenue: t.field({
      type: 'Decimal',
      defaultValue: '0' as never,
      description: 'What one credit of it earns when it is burned, in dollars.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'When what is left is lost; left out: never.' }),
  }),
});

const GrantCreditsResult = builder.unionType('GrantCreditsResult', {
  types: [Grant, InvalidInputError, IdempotencyConflictError, NotFoundError],
  resolveType: resolveOutcome('Grant'),
});

const MAX_GRANT = 1_000_000_000;
const MAX_UNIT_REVENUE_MICROS = 1_000_000_000n;

builder.mutationFields((t) => ({
  upsertAccount: t.field({
    type: UpsertAccountResult,
    ...needs('accounts:write', 'Create or update by externalId.'),
    args: { input: t.arg({ type: UpsertAccountInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const saved = await context.core.accounts.upsert({
        externalId: input.externalId,
        email: input.email,
        country: input.country,
        tier: input.tier ?? undefined,
        timeZone: input.timeZone ?? undefined,
        referredBy:
          input.referredBy == null ? undefined : { code: input.referredBy, actor: context.caller.actor },
      });
      if (saved.status === 'invalid') return invalidInput(saved.fields);
      return context.core.database.prisma.account.findUniqueOrThrow({ where: { id: saved.accountId } });
    },
  }),
  issueAccountToken: t.field({
    type: AccountToken,
    ...needs('accounts:write', 'A short-lived token with which a browser acts for one account.'),
    args: {
      accountId: t.arg.id({ required: true }),
      ttlSeconds: t.arg.int({ defaultValue: 3600, description: 'How long it lives: 60 to 86400.' }),
    },
    resolve: async (_root, args, context) => {
      const accountId = decodeId('Account', args.accountId);
      if (!accountId || !(await context.core.accounts.exists(accountId))) {
        throw notFound(`There is no account ${args.accountId.slice(0, 60)}. ${idHint('Account')}`);
      }
      const ttlSeconds = args.ttlSeconds ?? 3600;
      if (ttlSeconds < SHORTEST_TOKEN_SECONDS || ttlSeconds > LONGEST_TOKEN_SECONDS) {
        throw invalidArgument(
          'ttlSeconds',
          `Give ${SHORTEST_TOKEN_SECONDS} to ${LONGEST_TOKEN_SECONDS} seconds.`,
        );
      }
      return context.core.access.issueAccountToken(accountId, ttlSeconds);
    },
  }),
  grantCredits: t.field({
    type: GrantCreditsResult,
    ...needs('credits:write', 'Give credits to an account, once under an idempotency key.'),
    args: { input: t.arg({ type: GrantCreditsInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const fields: FieldProblem[] = [];
      if (input.credits < 1 || input.credits > MAX_GRANT) {
        fields.push({ path: 'credits', message: `Give 1 to ${MAX_GRANT} credits.` });
      }
      const reason = reasonProblem(input.reason);
      if (reason) fields.push(reason);
      const unitRevenue = readDollars(
        'unitRevenue',
        input.unitRevenue ?? '0',
        MAX_UNIT_REVENUE_MICROS,
        'Give dollars from "0" to "1000".',
      );
      if ('problem' in unitRevenue) fields.push(unitRevenue.problem);
      if (input.expiresAt && input.expiresAt <= core.clock.now()) {
        fields.push({ path: 'expiresAt', message: 'It must lie in the future, or be left out.' });
      }
      if (fields.length > 0 || 'problem' in unitRevenue) return invalidInput(fields);
      const accountId = decodeId('Account', input.accountId);
      if (!accountId) return notFoundOutcome(`There is no account ${input.accountId.slice(0, 60)}.`);
      const source = input.source ?? 'ADMIN';
      const grant: GrantItem = {
        accountId,
        namespace: caller.namespace,
        key: input.idempotencyKey,
        inputHash: hashText([
          'grant',
          accountId,
          input.credits,
          source,
          input.reason,
          unitRevenue.micros.toString(),
          input.expiresAt?.toISOString() ?? null,
        ]),
        source,
        credits: input.credits,
        revenueMicros: unitRevenue.micros * BigInt(input.credits),
        expiresAt: input.expiresAt ?? null,
        reason: input.reason,
        actor: caller.actor,
      };
      const granted = await core.ledger.grant(grant);
      switch (granted.status) {
        case 'conflict':
          return idempotencyConflict(input.idempotencyKey);
        case 'account-not-found':
          return notFoundOutcome(`There is no account ${encodeId('Account', accountId)}.`);
        case 'too-many':
          return invalidInput([
            { path: 'credits', message: 'An account holds at most 2,000,000,000 credits.' },
          ]);
        default: {
          const row = await core.database.prisma.grant.findUnique({ where: { id: granted.grantId } });
          // The key belongs to something that is no grant: a generation under the same key.
          if (!row) return idempotencyConflict(input.idempotencyKey);
          core.live.publish('balance', accountId, granted.balance);
          return row;
        }
      }
    },
  }),
}));

builder.subscriptionField('balance', (t) =>
  t.field({
    type: Balance,
    description: 'The balance of an account, now and after each change. With a token of an account: its own.',
    authScopes: { signedIn: true },
    args: { accountId: t.arg.id({ required: false }) },
    subscribe: async (_root, args, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const asked = args.accountId == null ? caller.accountId : decodeId('Account', args.accountId);
      if (asked === null && args.accountId == null) {
        throw invalidArgument('accountId', 'Say which account: an API key may watch any.');
      }
      if (!asked || !maySee(context, asked)) throw notFound('There is no such account.');
      const changes = core.live.listen('balance', asked, PACE);
      const balance = await core.ledger.balance(asked);
      if (!balance) {
        await changes.return();
        throw notFound('There is no such account.');
      }
      return present(context, {
        first: balance,
        changes,
        read: async () => (await core.ledger.balance(asked)) ?? balance,
        isSame: (a, b) => a.posted === b.posted && a.reserved === b.reserved,
        isLast: () => false,
      });
    },
    resolve: (balance: BalanceRecord) => balance,
  }),
);
