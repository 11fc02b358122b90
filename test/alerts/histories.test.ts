/** Histories, each with exactly the changes of alerts that an operator is to be told of, and no others. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { longTablesOn } from '../support/databases.ts';
import { openStage, type Stage } from './stage.ts';

type Event = (stage: Stage) => Promise<unknown> | unknown;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What happens. Each is followed by a look at what it signals. */
const spend =
  (
    dollars: string,
    more: { credits?: number; by?: string; model?: string; ceiling?: string; times?: number } = {},
  ): Event =>
  async (stage) => {
    for (let time = 0; time < (more.times ?? 1); time += 1) {
      await stage.spend(dollars, { ...more, ...(more.by ? { account: await stage.account(more.by) } : {}) });
    }
  };
const spendFree =
  (dollars: string): Event =>
  async (stage) =>
    stage.spend(dollars, { account: await stage.account('freda', 'FREE') });
const held: string[] = [];
const hold =
  (dollars: string): Event =>
  async (stage) =>
    held.push(await stage.hold(dollars));
const releaseAll: Event = async (stage) => {
  for (const id of held.splice(0)) await stage.release(id);
};
const tryToSpend =
  (dollars: string): Event =>
  (stage) =>
    stage.spend(dollars).catch(() => {});
const budget =
  (
    period: 'HOUR' | 'DAY',
    dollars: bigint,
    action: 'WARN' | 'BLOCK' | 'SHUTDOWN' = 'WARN',
    more = {},
  ): Event =>
  async (stage) => {
    await stage.world.setBudget({ period, limitMicros: dollars * 1_000_000n, action, ...more });
    stage.alerts.signal('protection');
  };
const after =
  (milliseconds: number): Event =>
  (stage) =>
    stage.clock.advance(milliseconds);
const at =
  (instant: string): Event =>
  (stage) =>
    stage.clock.set(instant);
/** What every process does every five seconds, one at a time. */
const sweep: Event = (stage) => stage.alerts.sweeps.run();
/** Does something, and dies before it has looked at it. */
const dyingAfter =
  (event: Event): Event =>
  async (stage) => {
    await event(stage);
    stage.forget();
  };
const dies: Event = (stage) => stage.forget();
const rule =
  (...given: Parameters<Stage['setRule']>): Event =>
  (stage) =>
    stage.setRule(...given);
const suspend: Event = async (stage) => {
  await stage.world.setState('SHUTDOWN', 'Too dear');
  stage.alerts.signal('protection');
};
const resume: Event = async (stage) => {
  await stage.world.setState('NORMAL');
  stage.alerts.signal('protection');
};
const circuitOpens: Event = async (stage) => {
  await stage.world.database.query(
    `INSERT INTO provider_circuit (provider, opened_at, until, reason) VALUES ('luma', $1, $1, 'HTTP 503')`,
    [stage.clock.now()],
  );
  stage.alerts.signal('circuits');
};
const circuitCloses: Event = async (stage) => {
  await stage.world.database.query(`DELETE FROM provider_circuit`);
  stage.alerts.signal('circuits');
};
const retires =
  (model: string, day: string): Event =>
  (stage) =>
    stage.world.database.query(
      `INSERT INTO catalog_model (id, provider, operation, vendor_model, quality, available_from, retires_at, replaced_by_id)
      VALUES ($1, 'openai', 'GENERATE_IMAGE', 'x', 9, '2020-01-01', $2, 'openai/gpt-image-2')`,
      [model, new Date(day)],
    );
const disputed =
  (status: string): Event =>
  async (stage) => {
    await stage.world.database.query(
      `INSERT INTO dispute (id, payment_id, account_id, amount_micros, status, reason, opened_at)
      VALUES ('dp_9', gen_random_uuid(), $1, 20000000, $2, 'fraudulent', $3) ON CONFLICT (id) DO UPDATE SET status = excluded.status`,
      [await stage.account('bob'), status, stage.clock.now()],
    );
    stage.alerts.signal('payments');
  };
const low =
  (isLow: boolean): Event =>
  async (stage) => {
    await stage.world.database.query(
      `INSERT INTO auto_top_up (account_id, threshold, is_on, daily_cap_micros, low_since, updated_at) VALUES ($1, 5, false, 0, $2, $3)
      ON CONFLICT (account_id) DO UPDATE SET low_since = excluded.low_since`,
      [await stage.account('bob'), isLow ? stage.clock.now() : null, stage.clock.now()],
    );
    stage.alerts.signal('balances');
  };
const adjusted =
  (model: string): Event =>
  (stage) =>
    stage.world.database.query(
      `INSERT INTO cost_adjustment (id, day, provider, model, operation, tier, billed_micros, booked_micros, amount_micros, reason,
        bill_sha256, actor, created_at)
      VALUES (gen_random_uuid(), $1, 'openai', $2, 'GENERATE_IMAGE', 'PAYG', 2, 1, 1, 'For a test', 'a bill', 'admin:test', $3)`,
      [new Date('2026-11-19T00:00:00Z'), model, stage.clock.now()],
    );
const raise =
  (more: Parameters<Stage['raise']>[0] = {}): Event =>
  (stage) =>
    stage.raise(more);
const settle =
  (...given: Parameters<Stage['alerts']['settle']>): Event =>
  (stage) =>
    stage.alerts.settle(...given);
const acknowledge: Event = async (stage) => {
  for (const { alert } of await stage.changes()) await stage.alerts.acknowledge(alert.id, null, 'admin:ann');
};
const resolveAll: Event = async (stage) => {
  for (const { alert } of await stage.changes()) await stage.alerts.resolve(alert.id, 'Known', 'admin:ann');
};

/** The same hour of past weeks, at so many dollars each. */
const weeksBefore =
  (...dollars: string[]): Event =>
  async (stage) => {
    const now = stage.clock.now().toISOString();
    for (const [index, cost] of dollars.entries()) {
      stage.clock.set(new Date(Date.parse(now) - (dollars.length - index) * 7 * DAY).toISOString());
      await stage.spend(cost);
    }
    stage.clock.set(now);
    stage.forget();
  };

/** Twenty calls that together cost and earn so much: enough to be judged by. */
const twenty = (cost: string, credits: number): Event => spend(cost, { credits, times: 20 });

type History = readonly [name: string, events: readonly Event[], changes: readonly string[]];

const HISTORIES: readonly History[] = [
  // ---------------------------------------------------------------------------------------------------- budgets
  ['a budget is used to just below its first step', [budget('DAY', 10n), spend('7.999999')], []],
  [
    'a budget is used to its first step exactly',
    [budget('DAY', 10n), spend('8')],
    ['11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%'],
  ],
  [
    'each step of a budget is passed, in two calls',
    [budget('DAY', 10n), spend('8.5'), after(MINUTE), spend('1.55')],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%',
      '11-20 12:01 OPENED WARNING BUDGET_WARNING GLOBAL DAY 95%',
      '11-20 12:01 OPENED CRITICAL BUDGET_WARNING GLOBAL DAY 100%',
    ],
  ],
  [
    'what is reserved counts, and what is looked at again and again is told once',
    [budget('DAY', 10n), hold('8'), sweep, after(5_000), sweep, spend('0.1'), spend('0.1'), sweep],
    ['11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%'],
  ],
  [
    'a figure that goes down by little resolves nothing, by more it does, and up again it is not told of again that day',
    [
      budget('DAY', 10n),
      spend('7'),
      hold('0.5'),
      hold('0.6'),
      async (stage) => stage.release(held.pop() ?? ''),
      after(MINUTE),
      sweep,
      releaseAll,
      after(MINUTE),
      sweep,
      hold('1.5'),
      sweep,
    ],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%',
      '11-20 12:01 RESOLVED WARNING BUDGET_WARNING GLOBAL DAY 80%',
    ],
  ],
  [
    'the hour ends: its alert is resolved, and the next hour has one of its own',
    [budget('HOUR', 10n), spend('8'), after(HOUR), sweep, spend('9')],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 13:00 RESOLVED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 13:00 OPENED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
    ],
  ],
  [
    'a process dies before it has looked: the sweep looks',
    [budget('DAY', 10n), dyingAfter(spend('8.1')), after(5_000), sweep],
    ['11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%'],
  ],
  [
    'a process dies in the last second of an hour: that hour is told of all the same',
    [
      budget('HOUR', 10n),
      sweep,
      at('2026-11-20T12:59:59Z'),
      dyingAfter(spend('8.5')),
      at('2026-11-20T13:00:20Z'),
      sweep,
      after(5_000),
      sweep,
    ],
    [
      '11-20 13:00 OPENED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 13:00 RESOLVED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
    ],
  ],
  [
    'a budget is raised: what was nearly used is no more',
    [budget('DAY', 10n), spend('8.5'), budget('DAY', 100n)],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%',
      '11-20 12:00 RESOLVED WARNING BUDGET_WARNING GLOBAL DAY 80%',
    ],
  ],
  [
    'a budget is lowered under what has been spent: told at once',
    [budget('DAY', 10n), spend('5'), budget('DAY', 6n)],
    ['11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%'],
  ],
  [
    'steps are set: only those are told of',
    [rule('BUDGET_WARNING', { steps: '50' }), budget('DAY', 10n), spend('4.9'), spend('0.1'), spend('4')],
    ['11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 50%'],
  ],
  [
    'budgets of a provider and of an account are told of by name, each by itself',
    [
      budget('DAY', 10n, 'BLOCK', { scope: 'PROVIDER', subject: 'openai' }),
      budget('DAY', 100n),
      async (stage) =>
        stage.world.setBudget({
          scope: 'ACCOUNT',
          subject: await stage.account('bob'),
          period: 'DAY',
          limitMicros: 10_000_000n,
        }),
      spend('8', { by: 'bob' }),
    ],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING PROVIDER openai DAY 80%',
      '11-20 12:00 OPENED WARNING BUDGET_WARNING ACCOUNT bob DAY 80%',
    ],
  ],
  [
    'a rule is switched off: what stands is resolved, and nothing is told of while it is off',
    [
      budget('DAY', 10n),
      spend('8.5'),
      rule('BUDGET_WARNING', {}, false),
      spend('1.4'),
      rule('BUDGET_WARNING', {}, true),
    ],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%',
      '11-20 12:00 RESOLVED WARNING BUDGET_WARNING GLOBAL DAY 80%',
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 95%',
    ],
  ],
  // --------------------------------------------------------------------------------------------------- shutdown
  [
    'a call that would pass a budget shuts down, and at midnight it is over',
    [
      budget('DAY', 10n, 'SHUTDOWN'),
      spend('7'),
      tryToSpend('4'),
      tryToSpend('4'),
      sweep,
      at('2026-11-21T00:00:00Z'),
      sweep,
    ],
    ['11-20 12:00 OPENED CRITICAL EMERGENCY_SHUTDOWN', '11-21 00:00 RESOLVED CRITICAL EMERGENCY_SHUTDOWN'],
  ],
  [
    'an operator suspends, resumes, and suspends again: each time is told of',
    [suspend, after(MINUTE), resume, after(MINUTE), suspend],
    [
      '11-20 12:00 OPENED CRITICAL EMERGENCY_SHUTDOWN',
      '11-20 12:01 RESOLVED CRITICAL EMERGENCY_SHUTDOWN',
      '11-20 12:02 OPENED CRITICAL EMERGENCY_SHUTDOWN',
    ],
  ],
  // ----------------------------------------------------------------------------------------------------- margin
  ['nineteen calls at a loss are too few to judge by', [spend('1', { credits: 1, times: 19 })], []],
  ['twenty that cost less than a dollar are too cheap to judge by', [twenty('0.04', 1)], []],
  ['a margin of 40 % is none to warn of', [twenty('0.06', 10)], []],
  [
    'a margin under 40 %: of the hour and of the day',
    [twenty('0.061', 10)],
    ['11-20 12:00 OPENED WARNING MARGIN_LOW HOUR', '11-20 12:00 OPENED WARNING MARGIN_LOW DAY'],
  ],
  [
    'a margin under 20 % is critical; once it is over 42 % it is good again, and that hour does not tell of less again',
    [
      twenty('0.07', 10),
      after(MINUTE),
      spend('0.7', { credits: 10 }),
      spend('2', { credits: 10 }),
      after(MINUTE),
      spend('0.01', { credits: 500 }),
      after(MINUTE),
      spend('1.2'),
    ],
    [
      '11-20 12:00 OPENED WARNING MARGIN_LOW HOUR',
      '11-20 12:00 OPENED WARNING MARGIN_LOW DAY',
      '11-20 12:01 WORSENED CRITICAL MARGIN_LOW HOUR',
      '11-20 12:01 WORSENED CRITICAL MARGIN_LOW DAY',
      '11-20 12:02 RESOLVED CRITICAL MARGIN_LOW HOUR',
      '11-20 12:02 RESOLVED CRITICAL MARGIN_LOW DAY',
    ],
  ],
  [
    'between 40 % and 42 % nothing is resolved',
    [twenty('0.061', 10), spend('0.01', { credits: 5 })],
    ['11-20 12:00 OPENED WARNING MARGIN_LOW HOUR', '11-20 12:00 OPENED WARNING MARGIN_LOW DAY'],
  ],
  [
    'what was resolved as a warning is opened again when it becomes critical',
    [twenty('0.07', 10), spend('0.01', { credits: 60 }), after(MINUTE), spend('2')],
    [
      '11-20 12:00 OPENED WARNING MARGIN_LOW HOUR',
      '11-20 12:00 OPENED WARNING MARGIN_LOW DAY',
      '11-20 12:00 RESOLVED WARNING MARGIN_LOW HOUR',
      '11-20 12:00 RESOLVED WARNING MARGIN_LOW DAY',
      '11-20 12:01 REOPENED CRITICAL MARGIN_LOW HOUR',
      '11-20 12:01 REOPENED CRITICAL MARGIN_LOW DAY',
    ],
  ],
  // ------------------------------------------------------------------------------------------------ cost spikes
  [
    'an hour costs three times what it usually does',
    [weeksBefore('4', '2', '2', '40'), spend('5.99', { by: 'eve' }), spend('0.01', { by: 'eve' })],
    ['11-20 12:00 OPENED WARNING COST_SPIKE'],
  ],
  [
    'an hour costs much, and one week of history is no habit',
    [weeksBefore('1'), spend('15', { by: 'eve' })],
    [],
  ],
  ['an hour costs many times the usual, and not much', [weeksBefore('0.01', '0.01'), spend('4.99')], []],
  [
    'a spike ends with its hour',
    [weeksBefore('1', '1'), spend('9', { by: 'eve' }), after(HOUR), sweep],
    ['11-20 12:00 OPENED WARNING COST_SPIKE', '11-20 13:00 RESOLVED WARNING COST_SPIKE'],
  ],
  // -------------------------------------------------------------------------------------------------- free tier
  ['accounts that pay cost much: no free tier', [spend('15')], []],
  [
    'the free tier costs five dollars, and then twenty-five',
    [spendFree('4.99'), spendFree('0.01'), after(HOUR), spendFree('20'), at('2026-11-21T00:00:00Z'), sweep],
    [
      '11-20 12:00 OPENED WARNING FREE_TIER_COST',
      '11-20 13:00 WORSENED CRITICAL FREE_TIER_COST',
      // It costs more than it ever did, too.
      '11-20 13:00 OPENED WARNING UNUSUAL_USAGE freda',
      '11-21 00:00 RESOLVED CRITICAL FREE_TIER_COST',
      '11-21 00:00 RESOLVED WARNING UNUSUAL_USAGE freda',
    ],
  ],
  // ---------------------------------------------------------------------------------------------- unusual usage
  [
    'an account costs five times its usual day; another, much busier, costs what it always does',
    [
      at('2026-11-18T12:00:00Z'),
      spend('1', { by: 'bob' }),
      spend('9', { by: 'cleo' }),
      after(DAY),
      spend('3', { by: 'bob' }),
      spend('9', { by: 'cleo' }),
      after(DAY),
      spend('9', { by: 'cleo' }),
      spend('9.99', { by: 'bob' }),
      spend('0.01', { by: 'bob' }),
    ],
    ['11-20 12:00 OPENED WARNING UNUSUAL_USAGE bob'],
  ],
  [
    'an account that is new costs twenty dollars at once; after a restart the sweep has nothing to add',
    [spend('19.99', { by: 'bob' }), spend('0.01', { by: 'bob' }), dies, sweep],
    ['11-20 12:00 OPENED WARNING UNUSUAL_USAGE bob'],
  ],
  // -------------------------------------------------------------------------------------------- cost above hold
  [
    'a call costs more than was reserved for it; the second of that hour is not told of, that of the next is',
    [
      spend('0.09', { ceiling: '0.08' }),
      spend('0.10', { ceiling: '0.08' }),
      spend('0.08', { ceiling: '0.08', model: 'luma/ray' }),
      after(HOUR),
      sweep,
      spend('0.09', { ceiling: '0.08' }),
    ],
    [
      '11-20 12:00 OPENED WARNING COST_ABOVE_HOLD openai/gpt-image',
      '11-20 13:00 RESOLVED WARNING COST_ABOVE_HOLD openai/gpt-image',
      '11-20 13:00 OPENED WARNING COST_ABOVE_HOLD openai/gpt-image',
    ],
  ],
  [
    'a call costs a dollar more than was reserved, and the process dies before it looks',
    [sweep, after(5_000), dyingAfter(spend('1.5', { ceiling: '0.5' })), after(20_000), sweep],
    ['11-20 12:00 OPENED CRITICAL COST_ABOVE_HOLD openai/gpt-image'],
  ],
  // ------------------------------------------------------------------------------------------------- providers
  [
    'a provider is down for seconds, again and again: one alert, which ends five minutes after the last',
    [
      circuitOpens,
      after(10_000),
      circuitCloses,
      after(MINUTE),
      sweep,
      circuitOpens,
      after(10_000),
      circuitCloses,
      after(4 * MINUTE),
      sweep,
      after(MINUTE),
      sweep,
    ],
    ['11-20 12:00 OPENED WARNING PROVIDER_DOWN luma', '11-20 12:06 RESOLVED WARNING PROVIDER_DOWN luma'],
  ],
  [
    'an outage of a quarter of an hour is critical, although its beginning was acknowledged',
    [circuitOpens, acknowledge, after(14 * MINUTE), sweep, after(MINUTE), sweep],
    [
      '11-20 12:00 OPENED WARNING PROVIDER_DOWN luma',
      '11-20 12:00 ACKNOWLEDGED WARNING PROVIDER_DOWN luma',
      '11-20 12:15 WORSENED CRITICAL PROVIDER_DOWN luma',
    ],
  ],
  [
    'an outage after a good while is another one',
    [circuitOpens, circuitCloses, after(5 * MINUTE), sweep, after(HOUR), circuitOpens],
    [
      '11-20 12:00 OPENED WARNING PROVIDER_DOWN luma',
      '11-20 12:05 RESOLVED WARNING PROVIDER_DOWN luma',
      '11-20 13:05 OPENED WARNING PROVIDER_DOWN luma',
    ],
  ],
  // ---------------------------------------------------------------------------------------------------- models
  [
    'a model in use retires within thirty days, within seven, and is gone; one that nobody uses is not told of',
    [
      retires('openai/gpt-image', '2026-12-20T00:00:00Z'),
      retires('openai/other', '2026-12-01T00:00:00Z'),
      spend('0.01'),
      sweep,
      at('2026-12-13T00:00:00Z'),
      spend('0.01'),
      sweep,
      at('2026-12-20T00:00:00Z'),
      sweep,
    ],
    [
      '11-20 12:00 OPENED WARNING MODEL_RETIRING openai/gpt-image',
      '12-13 00:00 WORSENED CRITICAL MODEL_RETIRING openai/gpt-image',
      '12-20 00:00 RESOLVED CRITICAL MODEL_RETIRING openai/gpt-image',
    ],
  ],
  // ------------------------------------------------------------------------------------- what other rooms raise
  [
    'what another room raises three times and settles is told of once',
    [
      raise(),
      raise(),
      acknowledge,
      raise(),
      after(DAY),
      sweep,
      settle({ kind: 'RESERVATION_ORPHANED', subject: 'dp_1' }),
    ],
    [
      '11-20 12:00 OPENED WARNING RESERVATION_ORPHANED dp_1',
      '11-20 12:00 ACKNOWLEDGED WARNING RESERVATION_ORPHANED dp_1',
      '11-21 12:00 RESOLVED WARNING RESERVATION_ORPHANED dp_1',
    ],
  ],
  [
    'two subjects are two alerts, and settling one leaves the other',
    [
      raise(),
      raise({ subject: 'dp_2', severity: 'CRITICAL' }),
      settle({ kind: 'RESERVATION_ORPHANED', subject: 'dp_2' }),
    ],
    [
      '11-20 12:00 OPENED WARNING RESERVATION_ORPHANED dp_1',
      '11-20 12:00 OPENED CRITICAL RESERVATION_ORPHANED dp_2',
      '11-20 12:00 RESOLVED CRITICAL RESERVATION_ORPHANED dp_2',
    ],
  ],
  [
    'what is raised for a day is over at midnight whatever holds',
    [
      raise({
        kind: 'BILL_MISMATCH',
        subject: 'bob',
        window: '11-20',
        windowEndsAt: new Date('2026-11-21T00:00:00Z'),
      }),
      raise({
        kind: 'BILL_MISMATCH',
        subject: 'bob',
        window: '11-20',
        windowEndsAt: new Date('2026-11-21T00:00:00Z'),
      }),
      at('2026-11-21T00:00:00Z'),
      sweep,
      raise({ kind: 'BILL_MISMATCH', subject: 'bob', window: '11-21' }),
      settle({ kind: 'BILL_MISMATCH', subject: 'bob', window: '11-20' }),
    ],
    [
      '11-20 12:00 OPENED WARNING BILL_MISMATCH bob',
      '11-21 00:00 RESOLVED WARNING BILL_MISMATCH bob',
      '11-21 00:00 OPENED WARNING BILL_MISMATCH bob',
    ],
  ],
  [
    'a bill is wrong by little and then by much; what is switched off is not raised',
    [
      raise({ kind: 'BILL_MISMATCH', subject: 'openai', window: '2026-10' }),
      raise({ kind: 'BILL_MISMATCH', subject: 'openai', window: '2026-10', severity: 'CRITICAL' }),
      rule('RESERVATION_ORPHANED', {}, false),
      raise({ subject: 'bob' }),
    ],
    ['11-20 12:00 OPENED WARNING BILL_MISMATCH openai', '11-20 12:00 WORSENED CRITICAL BILL_MISMATCH openai'],
  ],
  // ------------------------------------------------------------------------- payments, balances and vendors' bills
  [
    'a payment is disputed, Stripe wants no answer any more, and the dispute is decided',
    [disputed('needs_response'), sweep, disputed('under_review'), sweep, after(DAY), disputed('won')],
    ['11-20 12:00 OPENED CRITICAL PAYMENT_DISPUTE bob', '11-21 12:00 RESOLVED CRITICAL PAYMENT_DISPUTE bob'],
  ],
  [
    'an account becomes low, is not any more, and becomes low again',
    [low(true), sweep, after(HOUR), low(false), after(HOUR), low(true)],
    [
      '11-20 12:00 OPENED INFO LOW_BALANCE bob',
      '11-20 13:00 RESOLVED INFO LOW_BALANCE bob',
      '11-20 14:00 OPENED INFO LOW_BALANCE bob',
    ],
  ],
  [
    "the difference to a vendor's bill is booked, two lines of it: told of once, for a week",
    [
      adjusted('openai/gpt-image-2'),
      adjusted('openai/gpt-image-1.5'),
      sweep,
      sweep,
      after(7 * DAY),
      sweep,
      sweep,
    ],
    ['11-20 12:00 OPENED WARNING BILL_MISMATCH openai', '11-27 12:00 RESOLVED WARNING BILL_MISMATCH openai'],
  ],
  // -------------------------------------------------------------------------------------------------- operators
  [
    'an operator acknowledges twice and resolves twice while the cause holds: that window stays resolved, the next does not',
    [
      budget('HOUR', 10n),
      spend('9'),
      acknowledge,
      acknowledge,
      after(MINUTE),
      resolveAll,
      resolveAll,
      sweep,
      acknowledge,
      after(HOUR),
      spend('9'),
    ],
    [
      '11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 12:00 ACKNOWLEDGED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 12:01 RESOLVED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
      '11-20 13:01 OPENED WARNING BUDGET_WARNING GLOBAL HOUR 80%',
    ],
  ],
];

describe(`alerts are told of (${longTablesOn})`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(longTablesOn);
  });
  beforeEach(async () => {
    held.length = 0;
    await stage.reset();
  });
  afterAll(() => stage.close());

  test.each(HISTORIES)('%s', async (_name, events, changes) => {
    for (const event of events) {
      await event(stage);
      await stage.look();
    }
    expect(await stage.lines()).toEqual(changes);
    const told = await stage.changes();
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, index) => index + 1));
  });

  test('budgets of an operation and of a tier, in words that people use', async () => {
    await budget('DAY', 10n, 'WARN', { scope: 'OPERATION', subject: 'GENERATE_IMAGE' })(stage);
    await budget('DAY', 9n, 'SHUTDOWN', { scope: 'TIER', subject: 'PAYG' })(stage);
    await spend('8')(stage);
    await tryToSpend('4')(stage);
    await sweep(stage);
    const told = (await stage.changes()).map(({ alert }) => `${alert.title}. ${alert.detail}`);
    expect(told).toEqual([
      expect.stringContaining('The daily budget of the operation "Generate image" is 80 % used.'),
      expect.stringContaining('The daily budget of the tier "Pay as you go" is 80 % used.'),
      expect.stringContaining('by budget: The "Pay as you go" budget of $9 a day is used up. It ends at'),
    ]);
    expect(told.join()).not.toMatch(/GENERATE_IMAGE|PAYG/);
  });
});
