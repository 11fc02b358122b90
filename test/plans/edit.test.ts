import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedCatalog } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import {
  createPlans,
  type PackChange,
  type PlanChange,
  type Plans,
  seedPlans,
} from '../../server/plans/index.ts';
import { NOON, openCatalog } from '../catalog/fixture.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';

const HOUR_MS = 3_600_000;

describeOnEachDatabase('an operator', (kind) => {
  let opened: TestDatabase;
  let plans: Plans;
  let closeCatalog: () => void;
  const clock = new FakeClock(NOON);
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
    const { database } = opened;
    await seedCatalog(database, clock);
    await seedPlans(database, clock);
    const { catalog } = await openCatalog(database);
    closeCatalog = () => catalog.close();
    plans = createPlans({ database, clock, catalog, priceList: 'tokens' });
  });
  afterAll(async () => {
    closeCatalog();
    await opened.close();
  });

  const inHours = (hours: number) => new Date(clock.now().getTime() + hours * HOUR_MS);
  const setPlan = (change: Partial<PlanChange>) =>
    plans.setPlan({
      plan: 'pro',
      interval: 'MONTH',
      priceMicros: 24_990_000n,
      credits: 2_400,
      reason: 'For a test',
      actor: 'admin:test',
      ...change,
    });
  const setPack = (change: Partial<PackChange>) =>
    plans.setPack({
      pack: '100',
      priceMicros: 1_200_000n,
      credits: 100,
      reason: 'For a test',
      actor: 'admin:test',
      ...change,
    });
  const complaints = (outcome: Awaited<ReturnType<Plans['setPlan'] | Plans['setPack']>>) =>
    outcome.status === 'invalid' ? outcome.fields.map(({ path }) => path).sort() : outcome;

  it('changes a plan from an instant on, and what was sold before can still be read', async () => {
    const before = await plans.offer('pro', 'MONTH');
    const later = inHours(2);
    const outcome = await setPlan({ effectiveFrom: later });
    expect(outcome).toMatchObject({
      status: 'changed',
      // What was not said stays: name, tier, rollover, what it is reckoned for.
      offer: {
        ...before,
        versionId: expect.any(String),
        priceMicros: 24_990_000n,
        credits: 2_400,
        effectiveFrom: later,
      },
    });
    expect(await plans.offer('pro', 'MONTH')).toEqual(before);
    expect(await plans.offer('pro', 'MONTH', new Date(later.getTime() - 1))).toEqual(before);
    clock.advance(2 * HOUR_MS);
    expect(await plans.offer('pro', 'MONTH')).toMatchObject({ priceMicros: 24_990_000n });
    expect(await plans.planVersion(before?.versionId ?? '')).toEqual(before);
  });

  it('makes a plan and a pack that were not there', async () => {
    const outcome = await setPlan({
      plan: 'studio',
      name: 'Studio',
      tier: 'PRO',
      interval: 'YEAR',
      rollover: true,
      included: [{ model: 'replicate/sdxl', count: 500 }],
    });
    expect(outcome).toMatchObject({
      offer: { planId: 'tokens-studio', name: 'Studio', rollover: true, interval: 'YEAR' },
    });
    expect(await plans.offer('studio', 'MONTH')).toBeNull();
    expect(await setPack({ pack: '300', priceMicros: 3_000_000n, credits: 300 })).toMatchObject({
      offer: { packId: 'tokens-300', name: '300 credits' },
    });
  });

  it('of two changes for the same instant has the later one', async () => {
    const effectiveFrom = inHours(10);
    await setPack({ pack: '500', priceMicros: 6_000_000n, credits: 500, effectiveFrom });
    clock.advance(1);
    await setPack({ pack: '500', priceMicros: 5_500_000n, credits: 500, effectiveFrom });
    expect(await plans.pack('500', effectiveFrom)).toMatchObject({ priceMicros: 5_500_000n });
  });

  it('ends the sale of a plan and of a pack, now or later, and can sell them again', async () => {
    const change = { reason: 'Not asked for', actor: 'admin:test' };
    const later = inHours(1);
    expect(await plans.retirePlan('creator', 'YEAR', { ...change, effectiveFrom: later })).toMatchObject({
      status: 'retired',
      offer: { planId: 'tokens-creator', interval: 'YEAR' },
    });
    expect(await plans.offer('creator', 'YEAR')).not.toBeNull();
    expect(await plans.offer('creator', 'YEAR', later)).toBeNull();
    expect(await plans.offer('creator', 'MONTH', later)).not.toBeNull();
    expect(await plans.retirePack('2500', change)).toMatchObject({ status: 'retired' });
    expect(await plans.pack('2500')).toBeNull();
    expect(await plans.retirePack('2500', change)).toEqual({ status: 'not-found' });
    clock.advance(1);
    await setPack({ pack: '2500', priceMicros: 25_000_000n, credits: 2_500 });
    expect(await plans.pack('2500')).toMatchObject({ credits: 2_500 });
  });

  it('ends a sale at once also while time goes on, and makes one likewise', async () => {
    const ticking = {
      now: () => {
        clock.advance(1);
        return clock.now();
      },
    };
    const { catalog } = await openCatalog(opened.database);
    const hurried = createPlans({ database: opened.database, clock: ticking, catalog, priceList: 'tokens' });
    const change = { reason: 'At once', actor: 'admin:test' };
    expect(await hurried.retirePack('100', change)).toMatchObject({ status: 'retired' });
    expect(await hurried.retirePlan('pro', 'YEAR', change)).toMatchObject({ status: 'retired' });
    expect(
      await hurried.setPack({ ...change, pack: '100', priceMicros: 1_000_000n, credits: 100 }),
    ).toMatchObject({ status: 'changed' });
    catalog.close();
  });

  it('sees what was sold, is sold and will be, and where a sale ends', async () => {
    const of = async (id: string) =>
      (await plans.packVersions())
        .filter(({ offer }) => offer.packId === id)
        .map(({ state, retired, offer }) => [state, retired, offer.priceMicros]);
    expect(await of('tokens-1000')).toMatchObject([['IN_FORCE', false, 10_000_000n]]);
    clock.advance(1);
    await setPack({ pack: '1000', priceMicros: 11_000_000n, credits: 1_000 });
    await plans.retirePack('1000', { reason: 'Dearer', actor: 'admin:test', effectiveFrom: inHours(4) });
    expect(await of('tokens-1000')).toEqual([
      ['SCHEDULED', true, 11_000_000n],
      ['IN_FORCE', false, 11_000_000n],
      ['PAST', false, 10_000_000n],
    ]);
    const versions = await plans.planVersions();
    const inForce = versions.filter(({ state, retired }) => state === 'IN_FORCE' && !retired);
    expect(inForce.map(({ offer }) => offer.versionId).sort()).toEqual(
      (await plans.offers()).map(({ versionId }) => versionId).sort(),
    );
  });

  it('takes back what is to come until it begins, a plan, a pack or the end of a sale, and nothing that has begun', async () => {
    const why = { reason: 'Thought better of it', actor: 'admin:test' };
    const before = [await plans.planVersions(), await plans.packVersions()];
    const soon = inHours(1);
    await setPlan({ priceMicros: 30_000_000n, effectiveFrom: soon });
    await setPack({ pack: '10000', priceMicros: 90_000_000n, credits: 10_000, effectiveFrom: soon });
    await plans.retirePack('10000', { ...why, effectiveFrom: inHours(2) });
    const toCome = async () =>
      [
        ...(await plans.planVersions()).filter(
          ({ state, offer }) => state === 'SCHEDULED' && offer.planId === 'tokens-pro',
        ),
        ...(await plans.packVersions()).filter(
          ({ state, offer }) => state === 'SCHEDULED' && offer.packId === 'tokens-10000',
        ),
      ].map(({ offer }) => offer.versionId);
    const [plan = '', end = '', pack = ''] = await toCome();
    const take = (versionId: string) =>
      versionId === plan
        ? plans.cancelPlanVersion({ versionId, ...why })
        : plans.cancelPackVersion({ versionId, ...why });
    // A version of the one is none of the other.
    expect(await plans.cancelPackVersion({ versionId: plan, ...why })).toEqual({ status: 'not-found' });
    for (const [versionId, offer] of [
      [plan, { planId: 'tokens-pro', priceMicros: 30_000_000n }],
      [end, { packId: 'tokens-10000', priceMicros: 100_000_000n }],
      [pack, { packId: 'tokens-10000', priceMicros: 90_000_000n }],
    ] as const) {
      expect(await take(versionId)).toMatchObject({ status: 'canceled', offer });
      expect(await take(versionId)).toEqual({ status: 'not-found' });
    }
    expect([await plans.planVersions(), await plans.packVersions()]).toEqual(before);

    await setPack({ pack: '10000', priceMicros: 90_000_000n, credits: 10_000, effectiveFrom: soon });
    const [begun = ''] = await toCome();
    clock.set(soon.toISOString());
    expect(await take(begun)).toEqual({ status: 'not-found' });
    expect(await plans.pack('10000')).toMatchObject({ versionId: begun, priceMicros: 90_000_000n });
    const ofDtf = await opened.database.query<{ id: string }>(
      `SELECT v.id FROM pack_version v JOIN pack p ON p.id = v.pack_id WHERE p.price_list_id = 'dtf' LIMIT 1`,
    );
    expect(await take(ofDtf[0]?.id ?? '')).toEqual({ status: 'not-found' });
  });

  it('takes back nothing that somebody has, whatever the clock says', async () => {
    const effectiveFrom = inHours(1);
    await setPack({ pack: '500', priceMicros: 7_000_000n, credits: 500, effectiveFrom });
    const version = (await plans.packVersions()).find(({ offer }) => offer.priceMicros === 7_000_000n);
    const versionId = version?.offer.versionId ?? '';
    await opened.database.query(
      `INSERT INTO top_up (id, account_id, pack_id, pack_version_id, amount_micros, credits, requested_at, ask_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'tokens-500', $1, 7000000, 500, $2, $2)`,
      [versionId, clock.now()],
    );
    const cancellation = { versionId, reason: 'Too late', actor: 'admin:test' };
    await expect(plans.cancelPackVersion(cancellation)).rejects.toThrow('written once and never changed');
  });

  it('is told of each figure that cannot be, and changes nothing', async () => {
    const rows = () => opened.database.query('SELECT count(*) AS n FROM plan_version');
    const before = await rows();
    expect(
      complaints(
        await setPlan({
          plan: 'No!',
          tier: 'FREE',
          priceMicros: 9_995_000n,
          credits: 0,
          effectiveFrom: inHours(-1),
          included: [{ model: 'nobody/none', count: 1 }],
        }),
      ),
    ).toEqual(['credits', 'effectiveFrom', 'included.0.model', 'plan', 'price', 'tier']);
    expect(complaints(await setPlan({ plan: 'new' }))).toEqual(['tier']);
    expect(complaints(await setPack({ priceMicros: 0n }))).toEqual(['price']);
    expect(
      await plans.retirePlan('pro', 'MONTH', { reason: 'x', actor: 'y', effectiveFrom: inHours(-1) }),
    ).toMatchObject({ status: 'invalid', fields: [{ path: 'effectiveFrom' }] });
    expect(await rows()).toEqual(before);
  });

  it('leaves a line in the audit log with each change', async () => {
    const lines = await opened.database.query<{
      action: string;
      subject: string;
      reason: string;
      detail: object;
    }>('SELECT action, subject, reason, detail FROM audit_log ORDER BY id');
    expect(lines[0]).toMatchObject({
      action: 'plan.set',
      subject: 'tokens-pro',
      reason: 'For a test',
      detail: { priceMicros: '24990000', credits: 2_400 },
    });
    expect(lines.find(({ action }) => action === 'plan.cancel')).toMatchObject({
      subject: 'tokens-pro',
      reason: 'Thought better of it',
      detail: { priceMicros: '30000000', retired: false },
    });
    expect(new Set(lines.map(({ action }) => action))).toEqual(
      new Set(['plan.set', 'pack.set', 'plan.retire', 'pack.retire', 'plan.cancel', 'pack.cancel']),
    );
  });

  it('leaves what is not said as it is by then, and not as it is to be later', async () => {
    const use = { model: 'openai/dall-e-3-hd', count: 1 };
    const set = (change: Partial<PlanChange>) => setPlan({ plan: 'dated', tier: 'PRO', ...change });
    expect(await set({})).toMatchObject({ offer: { rollover: false, included: [] } });
    const coming = { effectiveFrom: inHours(5), rollover: true, included: [use] };
    expect(await set(coming)).toMatchObject({ offer: { rollover: true, included: [use] } });
    expect(await set({ priceMicros: 21_990_000n })).toMatchObject({
      offer: { rollover: false, included: [] },
    });
    expect(await set({ effectiveFrom: inHours(6) })).toMatchObject({
      offer: { rollover: true, included: [use] },
    });
  });
});
