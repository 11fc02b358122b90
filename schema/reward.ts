/** Rewards: the prize wheel, referrals, and the rules that an operator sets for them. */
import {
  type ClosedReason,
  type Commitment,
  type Prize,
  type RewardRules as RulesRecord,
  type Spin,
  TICKETS,
  type WheelState,
} from '../server/rewards/index.ts';
import { Account, actingFor, Grant, noAccount } from './account.ts';
import { builder, needs } from './builder.ts';
import { readDollars } from './decimal.ts';
import { notFound, unauthenticated } from './errors.ts';
import { hashText } from './hash.ts';
import { encodeId } from './node-ids.ts';
import {
  AlreadySpunError,
  type FieldProblem,
  IdempotencyConflictError,
  InvalidInputError,
  idempotencyConflict,
  invalidInput,
  NotFoundError,
  type Outcome,
  resolveOutcome,
  WheelClosedError,
} from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';

// ------------------------------------------------------------------------------------------------ the wheel

const WheelPrize = builder.objectRef<Prize>('WheelPrize').implement({
  description: 'What can be won: credits for one clip of 5 s, which earn nothing and expire.',
  fields: (t) => ({
    model: t.exposeString('model', { description: 'provider/name' }),
    credits: t.exposeInt('credits', { description: 'What such a clip is priced at now; as many are given.' }),
    expiresAfterDays: t.exposeInt('days', { description: 'How long they can be used.' }),
    cost: t.field({
      type: Money,
      ...needs('profit:read', 'What its provider bills for the clip.'),
      resolve: (prize) => prize.costMicros,
    }),
  }),
});

const WheelCommitment = builder.objectRef<Commitment>('WheelCommitment').implement({
  description: 'What a spin will be drawn from, committed to before: keep it, and compare it after.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'Of the account’s own calendar, such as 2026-11-20.' }),
    commitment: t.exposeString('commitment', {
      description: 'The SHA-256 of the server’s seed, in hex; the seed is shown with the spin.',
    }),
    committedAt: t.expose('committedAt', { type: 'DateTime', description: 'When the seed was made.' }),
  }),
});

/** A spin, with what the next one will be drawn from. */
interface SpinRecord {
  readonly spin: Spin;
  readonly next: Commitment;
}

const WheelSpin = builder.objectRef<SpinRecord>('WheelSpin').implement({
  description:
    'One spin, with all that its draw can be checked by: server/rewards/README.md has the code that does it.',
  fields: (t) => ({
    id: t.id({ description: 'Of this spin.', resolve: ({ spin }) => encodeId('WheelSpin', spin.id) }),
    day: t.string({
      description: 'Of the account’s own calendar, such as 2026-11-20.',
      resolve: ({ spin }) => spin.day,
    }),
    won: t.boolean({
      description: 'Whether the ticket is under the chance.',
      resolve: ({ spin }) => spin.won,
    }),
    ticket: t.int({ description: 'From 0 to 999,999.', resolve: ({ spin }) => spin.ticket }),
    chanceMillionths: t.int({ description: 'Of a million.', resolve: ({ spin }) => spin.chance }),
    serverSeed: t.string({ description: '32 bytes in hex.', resolve: ({ spin }) => spin.serverSeed }),
    commitment: t.string({
      description: 'What had been shown of the seed before: the SHA-256 of its bytes, in hex.',
      resolve: ({ spin }) => spin.commitment,
    }),
    committedAt: t.field({
      type: 'DateTime',
      description: 'When the seed was made.',
      resolve: ({ spin }) => spin.committedAt,
    }),
    clientSeed: t.string({ description: 'What the client added.', resolve: ({ spin }) => spin.clientSeed }),
    drawnFor: t.string({
      description: 'The account as the draw knows it: its id without acc_.',
      resolve: ({ spin }) => spin.accountId,
    }),
    model: t.string({ description: 'Whose clip could be won.', resolve: ({ spin }) => spin.model }),
    credits: t.int({ description: 'How many credits could be won.', resolve: ({ spin }) => spin.credits }),
    grant: t.field({
      type: Grant,
      nullable: true,
      description: 'The prize; null when nothing was won.',
      resolve: ({ spin }, _args, { core }) =>
        spin.grantId === null ? null : core.database.prisma.grant.findUnique({ where: { id: spin.grantId } }),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was spun.',
      resolve: ({ spin }) => spin.at,
    }),
    next: t.field({
      type: WheelCommitment,
      description: 'What the next spin will be drawn from.',
      resolve: ({ next }) => next,
    }),
  }),
});

const WheelClosed = builder.enumType('WheelClosed', {
  description: 'Why nobody can spin at present.',
  values: {
    OFF: { description: 'The operator has switched it off.' },
    NO_PRIZE: { description: 'No clip of 5 s is served and priced at present.' },
    CAP: {
      description:
        'The prizes of the day have reached what they may cost; from midnight UTC on it turns again.',
    },
  } as const,
});

const CLOSED = { off: 'OFF', 'no-prize': 'NO_PRIZE', cap: 'CAP' } as const satisfies Record<
  ClosedReason,
  string
>;

const CLOSED_MESSAGE: Record<ClosedReason, string> = {
  off: 'The wheel is switched off.',
  'no-prize': 'There is nothing to win at present; try again later.',
  cap: 'The prizes of today are given away; the wheel turns again from midnight UTC on.',
};

const Wheel = builder.objectRef<WheelState>('Wheel').implement({
  description: 'The prize wheel as an account sees it: one spin a day of its own calendar.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'Today, in the account’s own calendar.' }),
    chance: t.float({ description: 'The chance to win.', resolve: (wheel) => wheel.chance / TICKETS }),
    chanceMillionths: t.int({
      description: 'The same, exactly: of a million.',
      resolve: (wheel) => wheel.chance,
    }),
    prize: t.field({
      type: WheelPrize,
      nullable: true,
      description: 'What can be won; null when there is nothing.',
      resolve: (wheel) => wheel.prize,
    }),
    closed: t.field({
      type: WheelClosed,
      nullable: true,
      description: 'Why nobody can spin at present; null when one can.',
      resolve: (wheel) => wheel.closed && CLOSED[wheel.closed],
    }),
    spin: t.field({
      type: WheelSpin,
      nullable: true,
      description: 'Today’s spin; null when there was none yet.',
      resolve: ({ spin, next }) => spin && { spin, next },
    }),
    nextDayAt: t.expose('nextDayAt', {
      type: 'DateTime',
      description: 'When the account’s next day begins.',
    }),
    next: t.field({
      type: WheelCommitment,
      description: 'What the next spin will be drawn from. Asking for it is what commits the server to it.',
      resolve: (wheel) => wheel.next,
    }),
  }),
});

builder.queryField('wheel', (t) =>
  t.field({
    type: Wheel,
    nullable: true,
    description:
      'The prize wheel of an account; with a token of an account: its own. Null when there is no such account.',
    authScopes: { signedIn: true },
    args: { accountId: t.arg.id({ required: false }) },
    resolve: (_root, args, context) => {
      const accountId = actingFor(context, args.accountId);
      return accountId === null ? null : context.core.rewards.wheel.read(accountId);
    },
  }),
);

const SpinWheelInput = builder.inputType('SpinWheelInput', {
  description: 'A spin, once under its key and once a day.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: 'Unique for this spin.' }),
    accountId: t.id({ description: 'Who spins; a token of an account spins for itself.' }),
    clientSeed: t.string({
      description:
        'Text that goes into the draw, so that the server alone cannot choose it: at most 255 characters. Left out: the idempotency key.',
    }),
    commitment: t.string({
      description:
        'What the query wheel, or the last spin, showed. A spin that would be drawn from another is refused.',
    }),
  }),
});

const SpinWheelResult = builder.unionType('SpinWheelResult', {
  types: [
    WheelSpin,
    AlreadySpunError,
    WheelClosedError,
    InvalidInputError,
    IdempotencyConflictError,
    NotFoundError,
  ],
  resolveType: resolveOutcome('WheelSpin'),
});

builder.mutationField('spinWheel', (t) =>
  t.field({
    type: SpinWheelResult,
    ...needs('generate', 'Spin the prize wheel for an account, once a day of its own calendar.'),
    args: { input: t.arg({ type: SpinWheelInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const clientSeed = input.clientSeed ?? input.idempotencyKey;
      if (clientSeed.length > 255) {
        return invalidInput([
          { path: 'clientSeed', message: 'Give at most 255 characters, or leave it out.' },
        ]);
      }
      const commitment = input.commitment ?? null;
      const outcome = await core.rewards.wheel.spin({
        accountId,
        namespace: caller.namespace,
        key: input.idempotencyKey,
        inputHash: hashText(['spin', accountId, clientSeed, commitment]),
        clientSeed,
        commitment,
        actor: caller.actor,
      });
      switch (outcome.status) {
        case 'spun': {
          const balance = outcome.spin.grantId && (await core.ledger.balance(accountId));
          if (balance) core.live.publish('balance', accountId, balance);
          return { spin: outcome.spin, next: outcome.next };
        }
        case 'replay':
          return { spin: outcome.spin, next: outcome.next };
        case 'conflict':
          return idempotencyConflict(input.idempotencyKey);
        case 'account-not-found':
          return noAccount(encodeId('Account', accountId));
        case 'already-spun':
          return {
            code: 'ALREADY_SPUN',
            message: 'The account has had its spin of today; the next is tomorrow.',
            nextSpinAt: outcome.nextDayAt,
          } satisfies Outcome<'AlreadySpunError'>;
        case 'closed':
          return {
            code: 'WHEEL_CLOSED',
            message: CLOSED_MESSAGE[outcome.reason],
          } satisfies Outcome<'WheelClosedError'>;
        case 'other-commitment':
          return invalidInput([
            {
              path: 'commitment',
              message: `This spin would be drawn from ${outcome.commitment}; ask the query wheel for today's.`,
            },
          ]);
      }
    },
  }),
);

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
