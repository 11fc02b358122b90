/** Referrals, and the rules that an operator sets for rewards. */
import { type RewardRules as RulesRecord, TICKETS } from '../server/rewards/index.ts';
import { Account, Grant } from './account.ts';
import { builder, needs } from './builder.ts';
import { readDollars } from './decimal.ts';
import { notFound, unauthenticated } from './errors.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';

// ------------------------------------------------------------------------------------------------ referrals

const ReferralState = builder.enumType('ReferralState', {
  description: 'What has become of a referral.',
  values: {
    PENDING: { description: 'The friend has not paid yet.' },
    PAID: { description: 'Both have had their bonus.' },
    CAPPED: { description: 'The friend has had its bonus; the referrer had reached a cap.' },
    LAPSED: { description: 'The friend first paid while no bonus was offered.' },
  } as const,
});

const Referral = builder.prismaObject('Referral', {
  description: 'A friend who came by an account’s word.',
  fields: (t) => ({
    state: t.expose('state', { type: ReferralState, description: 'What has become of it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was noted.' }),
    paidAt: t.expose('paidAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the friend first paid.',
    }),
    bonus: t.field({
      type: Grant,
      nullable: true,
      select: { referrerGrantId: true },
      description: 'What the referrer got; null when it got nothing.',
      resolve: (referral, _args, { core }) =>
        referral.referrerGrantId === null
          ? null
          : core.database.prisma.grant.findUnique({ where: { id: referral.referrerGrantId } }),
    }),
    friend: t.field({
      type: Account,
      ...needs('accounts:write', 'Who came.'),
      select: { accountId: true },
      resolve: async (referral, _args, { core }) => {
        const account = await core.database.prisma.account.findUnique({ where: { id: referral.accountId } });
        if (!account) throw notFound('The account is gone.');
        return account;
      },
    }),
  }),
});

builder.prismaObjectFields('Account', (t) => ({
  referralCode: t.string({
    description: 'With which it refers friends: they give it as referredBy.',
    resolve: (account, _args, { core }) => core.rewards.referralCode(account.id),
  }),
  referrals: t.prismaConnection({
    type: Referral,
    cursor: 'accountId',
    description: 'Friends who came by its word, the newest first.',
    resolve: (query, account, _args, { core }) =>
      core.database.prisma.referral.findMany({
        ...query,
        where: { referrerId: account.id },
        orderBy: { accountId: 'desc' },
      }),
  }),
}));

// ------------------------------------------------------------------------------------------------ rules

const RewardRules = builder.objectRef<RulesRecord>('RewardRules').implement({
  description: 'What the wheel and referrals give on a site with this price list.',
  fields: (t) => ({
    wheelOn: t.exposeBoolean('wheelOn', { description: 'Whether the wheel turns.' }),
    wheelChanceMillionths: t.exposeInt('wheelChance', { description: 'Of a million draws so many win.' }),
    wheelModel: t.exposeString('wheelModel', {
      nullable: true,
      description: 'Whose clip of 5 s is the prize; null: the cheapest that is served.',
    }),
    wheelPrizeDays: t.exposeInt('wheelPrizeDays', { description: 'Days until a prize expires.' }),
    wheelDailyCost: t.field({
      type: Money,
      description: 'The most that the prizes of one day of UTC may cost.',
      resolve: (rules) => rules.wheelDailyCostMicros,
    }),
    referralCredits: t.exposeInt('referralCredits', { description: 'Bonus of each side; 0: none.' }),
    referralDays: t.exposeInt('referralDays', { description: 'Days until a bonus expires.' }),
    referralMonthlyCap: t.exposeInt('referralMonthlyCap', {
      description: 'Bonuses of one referrer in a month of UTC.',
    }),
    referralTotalCap: t.exposeInt('referralTotalCap', { description: 'Bonuses of one referrer in all.' }),
  }),
});

builder.queryField('rewardRules', (t) =>
  t.field({
    type: RewardRules,
    ...needs('profit:read', 'What the wheel and referrals give.'),
    resolve: (_root, _args, { core }) => core.rewards.rules(),
  }),
);

const SetRewardRulesInput = builder.inputType('SetRewardRulesInput', {
  description: 'Changes of what the wheel and referrals give; what is left out stays.',
  fields: (t) => ({
    wheelOn: t.boolean({ description: 'Whether the wheel turns.' }),
    wheelChanceMillionths: t.int({ description: 'Of a million draws so many win: 0 to 1000000.' }),
    wheelModel: t.string({
      description: 'Whose clip of 5 s is the prize; empty: the cheapest that is served.',
    }),
    wheelPrizeDays: t.int({ description: 'Days until a prize expires: 1 to 3650.' }),
    wheelDailyCost: t.field({
      type: 'Decimal',
      description: 'The most that the prizes of one day of UTC may cost, in dollars.',
    }),
    referralCredits: t.int({ description: 'Bonus of each side; 0: none is offered.' }),
    referralDays: t.int({ description: 'Days until a bonus expires: 1 to 3650.' }),
    referralMonthlyCap: t.int({ description: 'Bonuses of one referrer in a month of UTC.' }),
    referralTotalCap: t.int({ description: 'Bonuses of one referrer in all.' }),
    reason: t.string({ required: true, description: 'Why; it is written to the audit log.' }),
  }),
});

const SetRewardRulesResult = builder.unionType('SetRewardRulesResult', {
  description: 'The rules from now on, or what cannot be.',
  types: [RewardRules, InvalidInputError],
  resolveType: resolveOutcome('RewardRules'),
});

const MOST_DAILY_COST_MICROS = 1_000_000_000_000n;

/** Bounds of each whole number. */
const BOUNDS = {
  wheelChanceMillionths: [0, TICKETS],
  wheelPrizeDays: [1, 3_650],
  referralCredits: [0, 1_000_000],
  referralDays: [1, 3_650],
  referralMonthlyCap: [0, 1_000_000],
  referralTotalCap: [0, 1_000_000],
} as const;

builder.mutationField('setRewardRules', (t) =>
  t.field({
    type: SetRewardRulesResult,
    ...needs('admin', 'Set what the wheel and referrals give, from now on.'),
    args: { input: t.arg({ type: SetRewardRulesInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const reason = reasonProblem(input.reason);
      const fields: FieldProblem[] = reason ? [reason] : [];
      for (const [path, [least, most]] of Object.entries(BOUNDS)) {
        const value = input[path as keyof typeof BOUNDS];
        if (value != null && (value < least || value > most)) {
          fields.push({ path, message: `Give ${least} to ${most}.` });
        }
      }
      const model = input.wheelModel ? core.catalog.model(input.wheelModel) : null;
      if (input.wheelModel && model?.operation !== 'GENERATE_VIDEO') {
        fields.push({
          path: 'wheelModel',
          message: 'Name a model for GENERATE_VIDEO, or give an empty text.',
        });
      }
      const cost =
        input.wheelDailyCost == null
          ? { micros: undefined }
          : readDollars(
              'wheelDailyCost',
              input.wheelDailyCost,
              MOST_DAILY_COST_MICROS,
              'Give "0" to "1000000".',
            );
      if ('problem' in cost) fields.push(cost.problem);
      if ('problem' in cost || fields.length > 0) return invalidInput(fields);
      return core.rewards.changeRules(
        {
          wheelOn: input.wheelOn ?? undefined,
          wheelChance: input.wheelChanceMillionths ?? undefined,
          wheelModel: input.wheelModel == null ? undefined : input.wheelModel || null,
          wheelPrizeDays: input.wheelPrizeDays ?? undefined,
          wheelDailyCostMicros: cost.micros,
          referralCredits: input.referralCredits ?? undefined,
          referralDays: input.referralDays ?? undefined,
          referralMonthlyCap: input.referralMonthlyCap ?? undefined,
          referralTotalCap: input.referralTotalCap ?? undefined,
        },
        input.reason,
        caller.actor,
      );
    },
  }),
);
