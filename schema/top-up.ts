/** Low balances, and packs that are then bought by themselves. */
import { allows } from '../server/access/index.ts';
import type { AutoTopUp as AutoTopUpRecord, TopUp as TopUpRecord } from '../server/topup/index.ts';
import { actingFor, noAccount } from './account.ts';
import { builder } from './builder.ts';
import { readDollars } from './decimal.ts';
import { forbidden, unauthenticated } from './errors.ts';
import { encodeId } from './node-ids.ts';
import { InvalidInputError, invalidInput, NotFoundError, resolveOutcome } from './outcome.ts';
import { Pack } from './plan.ts';
import { Money } from './scalars.ts';

const TopUpState = builder.enumType('TopUpState', {
  description: 'What has become of a top-up.',
  values: {
    REQUESTED: { description: 'It is being paid.' },
    PAID: { description: 'It was paid; its credits are there.' },
    DECLINED: { description: 'It was not paid.' },
    UNKNOWN: { description: 'Nobody could say in time whether it was paid: see the payments.' },
  } as const,
});

const TopUp = builder.objectRef<TopUpRecord>('TopUp').implement({
  description: 'A pack that is bought because its account is low.',
  fields: (t) => ({
    id: t.id({ description: 'Of this top-up.', resolve: (topUp) => encodeId('TopUp', topUp.id) }),
    state: t.expose('state', { type: TopUpState, description: 'What has become of it.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it came to nothing.' }),
    pack: t.exposeString('packId', { description: 'Which pack, such as tokens-500.' }),
    amount: t.field({ type: Money, description: 'What it costs.', resolve: (topUp) => topUp.amountMicros }),
    credits: t.exposeInt('credits', { description: 'That it gives.' }),
    requestedAt: t.expose('requestedAt', { type: 'DateTime', description: 'When it began.' }),
    resolvedAt: t.expose('resolvedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it is being paid.',
    }),
  }),
});

const AutoTopUp = builder.objectRef<AutoTopUpRecord>('AutoTopUp').implement({
  description: 'When an account is low on credits, and what is then bought.',
  fields: (t) => ({
    threshold: t.exposeInt('threshold', { description: 'It is low while fewer credits are available.' }),
    on: t.exposeBoolean('isOn', { description: 'Whether a pack is then bought.' }),
    pack: t.field({
      type: Pack,
      nullable: true,
      description: 'What is bought; null when nothing is, or it is not sold any more.',
      resolve: (auto, _args, { core }) => (auto.packId === null ? null : core.plans.pack(auto.packId)),
    }),
    dailyCap: t.field({
      type: Money,
      description: 'The most that one day of the account’s calendar may cost.',
      resolve: (auto) => auto.dailyCapMicros,
    }),
    offReason: t.exposeString('offReason', {
      nullable: true,
      description: 'Why it was switched off by itself; null when it was not.',
    }),
    nextAt: t.expose('nextAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'No payment is asked for before: after a payment, a decline, or when the day’s cap is reached.',
    }),
    lowSince: t.expose('lowSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is known to be low; null while it is not.',
    }),
  }),
});

builder.prismaObjectFields('Account', (t) => ({
  autoTopUp: t.field({
    type: AutoTopUp,
    nullable: true,
    description: 'When it is low, and what is then bought; null when it never said so.',
    resolve: (account, _args, { core }) => core.topUps.read(account.id),
  }),
  topUps: t.field({
    type: [TopUp],
    description: 'Its newest top-ups, at most 100.',
    args: { first: t.arg.int({ defaultValue: 20, description: 'How many.' }) },
    resolve: (account, args, { core }) =>
      core.topUps.topUps(account.id, Math.min(Math.max(args.first ?? 20, 0), 100)),
  }),
}));

const SetAutoTopUpInput = builder.inputType('SetAutoTopUpInput', {
  description: 'When an account is low, and what is then bought.',
  fields: (t) => ({
    accountId: t.id({ description: 'Which account; a token of an account sets its own.' }),
    threshold: t.int({ required: true, description: 'It is low while fewer credits are available; from 1.' }),
    on: t.boolean({
      required: true,
      description: 'Whether a pack is then bought with the saved payment method. Off: it is only told.',
    }),
    pack: t.string({ description: 'Its id or its name within the active list; needed when it is on.' }),
    dailyCap: t.field({
      type: 'Decimal',
      description: 'The most that one day of the account’s calendar may cost; needed when it is on.',
    }),
  }),
});

const SetAutoTopUpResult = builder.unionType('SetAutoTopUpResult', {
  types: [AutoTopUp, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('AutoTopUp'),
});

const MOST_CAP_MICROS = 100_000_000_000n;

builder.mutationField('setAutoTopUp', (t) =>
  t.field({
    type: SetAutoTopUpResult,
    description:
      'Set when an account is low on credits and what is then bought. With a token of that account, or the scope `accounts:write`.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: SetAutoTopUpInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      if (caller.accountId === null && !allows(caller, 'accounts:write')) {
        throw forbidden('Mutation.setAutoTopUp needs the scope accounts:write.');
      }
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const cap =
        input.dailyCap == null
          ? { micros: null }
          : readDollars('dailyCap', input.dailyCap, MOST_CAP_MICROS, 'Give dollars from "0" to "100000".');
      if ('problem' in cap) return invalidInput([cap.problem]);
      const outcome = await core.topUps.set({
        accountId,
        threshold: input.threshold,
        isOn: input.on,
        pack: input.pack ?? null,
        dailyCapMicros: cap.micros,
        actor: caller.actor,
      });
      switch (outcome.status) {
        case 'set':
          return outcome.autoTopUp;
        case 'account-not-found':
          return noAccount(encodeId('Account', accountId));
        case 'invalid':
          return invalidInput(outcome.fields);
      }
    },
  }),
);
