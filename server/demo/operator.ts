/** What whoever runs the made-up site does in the month: plans, prices, keys, budgets, gifts, a stop, and alerts looked at. */
import { newId } from '../ids.ts';
import { formatDecimal, MICROS_PER_DOLLAR, type Micros } from '../money.ts';
import type { PlanOffer } from '../plans/index.ts';
import type { BudgetInput } from '../protection/index.ts';
import { DAY_MS } from './demand.ts';
import type { Rooms } from './rooms.ts';

/** The operator. */
export class Operator {
  readonly #rooms: Rooms;
  /** As the audit log names it. */
  readonly actor: string;

  constructor(rooms: Rooms, actor: string) {
    this.#rooms = rooms;
    this.actor = actor;
  }

  /**
   * Sells a plan that looks generous and loses money: its credits cost about a third more than its price when they are used.
   */
  async sellStudio(priceList: string): Promise<PlanOffer> {
    const outcome = await this.#rooms.plans.setPlan({
      plan: 'studio',
      interval: 'MONTH',
      name: 'Studio',
      tier: 'PRO',
      note: 'For those who make films all day.',
      priceMicros: 14_990_000n,
      credits: priceList === 'dtf' ? 220 : 2_800,
      rollover: false,
      reason: 'A plan for film makers, at the price of the competition',
      actor: this.actor,
    });
    if (outcome.status !== 'changed') throw new Error(`No plan: ${JSON.stringify(outcome.fields)}`);
    return outcome.offer;
  }

  /** Makes keys for the shop and for the books, and ends an old one. */
  async makeKeys(): Promise<void> {
    const { access } = this.#rooms;
    await access.createApiKey({ name: 'Web shop', scopes: ['generate', 'accounts:write'] }, this.actor);
    await access.createApiKey({ name: 'Bookkeeping', scopes: ['profit:read'] }, this.actor);
    const old = await access.createApiKey({ name: 'Old web shop', scopes: ['generate'] }, this.actor);
    if (old.status === 'created') await access.revokeApiKey(old.apiKey.id, this.actor);
  }

  /** Gives credits. Gives the grant's id. */
  async give(accountId: string, credits: number, reason: string): Promise<string | null> {
    const outcome = await this.#rooms.ledger.grant({
      accountId,
      namespace: 'api',
      key: `demo-gift-${newId()}`,
      inputHash: reason,
      source: 'ADMIN',
      credits,
      revenueMicros: 0n,
      expiresAt: null,
      reason,
      actor: this.actor,
    });
    return 'grantId' in outcome ? outcome.grantId : null;
  }

  /** Takes credits back. */
  async takeBack(grantId: string, credits: number, reason: string): Promise<void> {
    await this.#rooms.ledger.revoke({
      grantId,
      namespace: 'api',
      key: `demo-revoke-${newId()}`,
      inputHash: reason,
      credits,
      reason,
      actor: this.actor,
    });
  }

  /** Sets a budget that is nearly used up: what has been spent is that part of its limit, in percent. */
  async nearlyUse(budget: Omit<BudgetInput, 'limitMicros'>, usedPercent: bigint): Promise<void> {
    const { protection } = this.#rooms;
    // What has been spent is known once there is a budget.
    const open = await protection.setBudget(
      { ...budget, limitMicros: 1_000n * MICROS_PER_DOLLAR },
      this.actor,
    );
    const spent = open.usage.spentMicros + open.usage.reservedMicros;
    const exact = (spent * 100n) / usedPercent;
    const step = exact > 10n * MICROS_PER_DOLLAR ? MICROS_PER_DOLLAR : MICROS_PER_DOLLAR / 10n;
    await protection.setBudget({ ...budget, limitMicros: (exact / step + 1n) * step }, this.actor);
  }

  /** Compares a vendor's bill of a day with the books, where the vendor asks for more than the catalogue knew, and books it. */
  async bookBill(day: Date, provider: string, model: string): Promise<void> {
    const { reconciliation, alerts } = this.#rooms;
    const date = day.toISOString().slice(0, 10);
    const bill = (amount: string) =>
      (async function* () {
        yield Buffer.from(`date,model,amount\n${date},${model},${amount}\n`);
      })();
    const first = await reconciliation.compare({ provider, bytes: bill('0') });
    const booked: Micros =
      first.status === 'compared'
        ? first.comparison.lines.reduce((sum, { bookedMicros }) => sum + (bookedMicros ?? 0n), 0n)
        : 0n;
    if (booked === 0n) return;
    const billed = booked + booked / 8n;
    const compared = await reconciliation.compare({ provider, bytes: bill(formatDecimal(billed)) });
    if (compared.status !== 'compared') throw new Error(compared.message);
    const { comparison } = compared;
    await reconciliation.book(comparison, 'The vendor raised its price in mid-month', this.actor);
    for (const mismatch of comparison.mismatches)
      await alerts.raise({ kind: 'BILL_MISMATCH', severity: 'WARNING', ...mismatch });
  }

  /** Looks at the alerts of the past days: what is over is resolved, what goes on is acknowledged. */
  async lookAtAlerts(): Promise<void> {
    const { alerts, database, clock } = this.#rooms;
    const open = await database.prisma.alert.findMany({
      where: { state: 'OPEN' },
      orderBy: { sequence: 'asc' },
    });
    for (const [index, { id, openedAt }] of open.entries()) {
      const isOld = clock.now().getTime() - openedAt.getTime() > DAY_MS;
      if (isOld) await alerts.resolve(id, 'Looked at: nothing to be done', this.actor);
      else if (index % 2 === 0) await alerts.acknowledge(id, 'Known: it is watched', this.actor);
    }
  }
}
