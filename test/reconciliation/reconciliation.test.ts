import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { seedCatalog } from '../../server/catalog/index.ts';
import {
  type BillInput,
  type Comparison,
  createReconciliation,
  type Reconciliation,
} from '../../server/reconciliation/index.ts';
import { csv, importText, row, stream, summaryOf } from '../history/fixture.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

describeOnEachDatabase("a vendor's bill", (kind) => {
  let world: World;
  let reconciliation: Reconciliation;
  beforeAll(async () => {
    world = await openWorld({ kind });
    await seedCatalog(world.database, world.clock);
    reconciliation = createReconciliation(world);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.reset();
    const at = (id: string, day: string, model: string, cost: string) =>
      row(id, { created_at: `${day}T10:00:00Z`, model, cost });
    summaryOf(
      await importText(
        world.database,
        csv(
          at('a', '2026-10-01', 'dall-e-3-hd', '0.08'),
          at('b', '2026-10-01', 'dall-e-3-hd', '0.08'),
          at('c', '2026-10-02', 'dall-e-3-hd', '0.08'),
          at('d', '2026-10-02', 'gpt-image-2', '0.04'),
        ),
      ),
    );
  });

  const compare = async (text: string, more: Partial<BillInput> = {}): Promise<Comparison> => {
    const outcome = await reconciliation.compare({ provider: 'openai', bytes: stream(text), ...more });
    if (outcome.status !== 'compared') throw new Error(outcome.message);
    return outcome.comparison;
  };
  const shown = ({ lines }: Comparison) =>
    lines.map((line) => [
      line.day.toISOString().slice(0, 10),
      line.model,
      line.bookedMicros,
      line.billedMicros,
      line.differenceMicros,
      line.ratio,
    ]);
  const BILL =
    'date,model,quantity,amount\n2026-10-01,dall-e-3-hd,2,0.17\n2026-10-02,gpt-image-2,1,0.04\n2026-10-03,dall-e-3-hd,1,0.08\n';

  it('stands beside what is booked, by day and model, with what is missing on either side', async () => {
    const comparison = await compare(BILL);
    expect(shown(comparison)).toEqual([
      ['2026-10-01', 'openai/dall-e-3-hd', 160_000n, 170_000n, 10_000n, 1.0625],
      ['2026-10-02', 'openai/dall-e-3-hd', 80_000n, null, -80_000n, null],
      ['2026-10-02', 'openai/gpt-image-2', 40_000n, 40_000n, 0n, 1],
      ['2026-10-03', 'openai/dall-e-3-hd', null, 80_000n, 80_000n, null],
    ]);
    expect(comparison.mismatches.map(({ subject, window }) => [subject, window])).toEqual([
      ['openai/dall-e-3-hd', '2026-10-01'],
      ['openai/dall-e-3-hd', '2026-10-02'],
      ['openai/dall-e-3-hd', '2026-10-03'],
    ]);
    expect(await world.rows('SELECT 1 FROM cost_adjustment')).toEqual([]);
    const narrow = await compare(BILL, {
      from: new Date('2026-10-02T00:00:00Z'),
      to: new Date('2026-10-03T00:00:00Z'),
    });
    expect(narrow.lines).toHaveLength(2);
  });

  it('is booked once: cost moves, and calls, budgets and what is not on the bill do not', async () => {
    await world.setBudget({ limitMicros: 1_000_000n });
    const comparison = await compare(BILL);
    const booked = await reconciliation.book(comparison, 'Bill of October', 'admin:test');
    expect(booked).toMatchObject({
      status: 'booked',
      adjustments: [{ amountMicros: 10_000n, operation: 'GENERATE_IMAGE' }, { amountMicros: 80_000n }],
    });
    expect(
      await world.rows(
        `SELECT sum(cost_micros)::bigint AS cost, sum(calls)::bigint AS calls, sum(revenue_micros)::bigint AS revenue FROM account_summary`,
      ),
    ).toEqual([{ cost: 370_000n, calls: 4n, revenue: 640_000n }]);
    expect(await world.rows('SELECT spent_micros FROM budget_window WHERE spent_micros > 0')).toEqual([]);
    expect(await world.rows(`SELECT actor, reason FROM audit_log WHERE action = 'cost.adjust'`)).toEqual([
      { actor: 'admin:test', reason: 'Bill of October' },
      { actor: 'admin:test', reason: 'Bill of October' },
    ]);
    // The same comparison, and the same bill anew, even when a call is booked late meanwhile.
    expect(await reconciliation.book(comparison, 'Again', 'admin:test')).toEqual({
      status: 'booked',
      adjustments: [],
    });
    summaryOf(
      await importText(
        world.database,
        csv(row('late', { created_at: '2026-10-01T11:00:00Z', cost: '0.08' })),
      ),
    );
    const again = await compare(BILL);
    expect(again.lines[0]).toMatchObject({ bookedMicros: 250_000n, billedMicros: 170_000n });
    expect(await reconciliation.book(again, 'Again', 'admin:test')).toEqual({
      status: 'booked',
      adjustments: [],
    });
    // A corrected bill is another file: what it bills less is booked, and the books agree with it.
    const corrected = await compare(BILL.replace('0.17', '0.15'));
    expect(await reconciliation.book(corrected, 'Corrected', 'admin:test')).toMatchObject({
      adjustments: [{ amountMicros: -100_000n }],
    });
    expect((await compare(BILL.replace('0.17', '0.15'))).lines[0]).toMatchObject({ differenceMicros: 0n });
    expect(await reconciliation.adjustments(new Date(0), world.clock.now(), 10)).toHaveLength(3);
    await expect(world.database.query('UPDATE cost_adjustment SET amount_micros = 1')).rejects.toThrow();
    await world.expectSound();
  });

  it('is read in the words of the vendor, finer than a micro-dollar, and added up before it is rounded', async () => {
    const openai = [
      'start_time,start_time_iso,amount_value,amount_currency,line_item',
      '1759276800,2025-10-01T00:00:00+00:00,0.0400000000001,usd,"gpt-image-2, image output"',
      '1759276800,2025-10-01T00:00:00+00:00,0.0000004,usd,"gpt-image-2, input"',
      '1759276800,2025-10-01T00:00:00+00:00,0.0000006,usd,"gpt-image-2, input"',
    ].join('\n');
    expect(shown(await compare(openai))).toEqual([
      ['2025-10-01', 'openai/gpt-image-2', null, 40_002n, 40_002n, null],
    ]);
    const own = 'Tag;Was;Summe\n2026-10-02;dall-e-3;-0.01\n';
    expect(
      shown(
        await compare(own, {
          columns: { date: 'Tag', model: 'Was', amount: 'Summe' },
          models: new Map([['dall-e-3', 'dall-e-3-hd']]),
        }),
      ),
    ).toContainEqual(['2026-10-02', 'openai/dall-e-3-hd', 80_000n, -10_000n, -90_000n, -0.125]);
    // A name of the vendor's own stands for the model of ours that goes by it and was used.
    expect(shown(await compare('date,model,amount\n2026-10-01,dall-e-3,0.16\n'))).toEqual([
      ['2026-10-01', 'openai/dall-e-3-hd', 160_000n, 160_000n, 0n, 1],
    ]);
  });

  it('is not booked while a row of it cannot be read, a model is not known, or the reason is missing', async () => {
    const broken = await compare(
      `${BILL}never,dall-e-3-hd,1,0.08\n2026-10-03,,1,0.08\n2026-10-03,dall-e-3-hd,1,much\n`,
    );
    expect(broken.problems.map(({ line, problem }) => [line, problem.split(':')[0]])).toEqual([
      [5, 'date'],
      [6, 'model'],
      [7, 'amount'],
    ]);
    expect(await reconciliation.book(broken, 'r', 'a')).toMatchObject({ status: 'refused' });
    const strange = await compare('date,model,amount\n2026-10-01,paint-9,1\n');
    expect(await reconciliation.book(strange, 'r', 'a')).toMatchObject({
      status: 'refused',
      message: expect.stringContaining('openai/paint-9'),
    });
    expect(await reconciliation.book(await compare(BILL), ' ', 'a')).toMatchObject({ status: 'refused' });
    expect(await reconciliation.compare({ provider: 'openai', bytes: stream('when,what\n1,2\n') })).toEqual({
      status: 'unreadable',
      message:
        'The bill has no column for date, model, amount; it has when, what. Name its columns: date=…,model=…,amount=….',
    });
    expect(await world.rows('SELECT 1 FROM cost_adjustment')).toEqual([]);
  });

  it.each([
    ['that ends before it begins', '2026-10-02', '2026-10-01'],
    ['of another month', '2026-09-01', '2026-10-01'],
    ['that begins after the bill', '2026-11-01', undefined],
  ])('does not agree with the books in a range %s', async (_, from, to) => {
    const bytes = stream(BILL);
    const range = { from: new Date(from), to: to === undefined ? undefined : new Date(to) };
    expect(await reconciliation.compare({ provider: 'openai', bytes, ...range })).toMatchObject({
      status: 'unreadable',
      message: expect.stringMatching(/^No row of the bill lies from .*: it has days from 2026-10-01 to /),
    });
  });
});
