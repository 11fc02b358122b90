/** The month that the demo tells, hour by hour: who comes, who buys, what is asked for, and what goes wrong. */
import type { PlanOffer } from '../plans/index.ts';
import { CallBook, type Planned } from './calls.ts';
import { demandOf, HOUR_MS } from './demand.ts';
import type { Operator } from './operator.ts';
import type { Person } from './people.ts';
import type { Pictures } from './pictures.ts';
import { plotMoney, plotTrouble, type Story } from './plot.ts';
import type { Random } from './random.ts';
import type { Rooms } from './rooms.ts';
import { type Purchase, Shop } from './shop.ts';
import { chooseWish, type PricedWish, wishesNow } from './wishes.ts';

/** What a month is told with. */
export interface MonthOptions {
  readonly rooms: Rooms;
  readonly random: Random;
  readonly people: readonly Person[];
  readonly operator: Operator;
  readonly pictures: Pictures;
  readonly begin: Date;
  /** Whole days before the present one, which is told up to now. */
  readonly days: number;
  readonly now: Date;
  readonly callsPerDay: number;
}

/** What a month came to. */
export interface Told {
  calls: number;
  purchases: number;
  /** Alerts that have been opened. */
  alerts: number;
}

/** Who has come by now. */
export interface Member {
  readonly person: Person;
  readonly accountId: string;
}

const MINUTE_MS = 60_000;
/** Calls are booked in so many parts of an hour on the last day, which is looked at closely. */
const PARTS_OF_LAST_DAY = 4;
/** As many days before now are told hour by hour. */
const DAYS_BY_THE_HOUR = 8;

/** Tells it. */
export class Month {
  readonly #options: MonthOptions;
  readonly #members: Member[] = [];
  readonly #calls: CallBook;
  readonly #shop: Shop;
  /** What happens in which hour since the beginning, beside the calls. */
  readonly #plot = new Map<number, (() => Promise<void>)[]>();
  readonly #buying = new Map<string, Purchase>();
  readonly #told: Told = { calls: 0, purchases: 0, alerts: 0 };
  #sold: readonly PricedWish[] = [];
  #down: string | null = null;
  #buyers: string[] = [];

  constructor(options: MonthOptions) {
    this.#options = options;
    this.#calls = new CallBook(options.rooms, options.random, options.pictures);
    this.#shop = new Shop(options.rooms);
  }

  /** From the first hour to the present one. */
  async tell(): Promise<Told> {
    const { begin, now, days, rooms } = this.#options;
    this.#writePlot();
    for (let hour = 0; ; hour += 1) {
      const at = begin.getTime() + hour * HOUR_MS;
      const left = now.getTime() - at;
      if (left <= 0) break;
      await this.#hour(hour, at, Math.min(left, HOUR_MS), hour >= (days - 1) * 24);
    }
    rooms.clock.set(now.toISOString());
    await this.#finish();
    this.#told.alerts = await rooms.database.prisma.alert.count();
    return this.#told;
  }

  async #hour(hour: number, at: number, lastsMs: number, isClose: boolean): Promise<void> {
    const { rooms, random, callsPerDay } = this.#options;
    rooms.clock.set(new Date(at).toISOString());
    if (hour % 24 === 0) {
      await rooms.catalog.refresh();
      this.#sold = wishesNow(rooms.catalog);
      await rooms.ledger.expireGrants();
    }
    rooms.clock.advance(Math.min(2 * MINUTE_MS, lastsMs / 4));
    for (const happen of this.#plot.get(hour) ?? []) await happen();
    for (const [accountId, what] of this.#buying) {
      await this.#shop.buy(accountId, what);
      this.#buyers.push(accountId);
      this.#told.purchases += 1;
    }
    this.#buying.clear();
    // Long ago two hours are told as one: nobody draws them by the hour, and it takes half the time.
    const isLongAgo = hour < (this.#options.days - DAYS_BY_THE_HOUR) * 24;
    if (isLongAgo && hour % 2 === 1) return;
    const demand = (from: number) => demandOf(new Date(from), hour / 24, callsPerDay);
    const calls = random.count(
      isLongAgo ? demand(at) + demand(at + HOUR_MS) : (demand(at) * lastsMs) / HOUR_MS,
    );
    const callers = Array.from({ length: this.#members.length === 0 ? 0 : calls }, () =>
      random.weighted(this.#members, ({ person }) => person.weight),
    );
    const parts = isClose ? PARTS_OF_LAST_DAY : 1;
    for (let part = 0; part < parts; part += 1) {
      const from = Math.floor((callers.length * part) / parts);
      const to = Math.floor((callers.length * (part + 1)) / parts);
      const begins = at + (lastsMs * (part + 0.2 + 0.4 * random.next())) / parts;
      await this.#make(callers.slice(from, to), begins, lastsMs / parts / 4);
    }
  }

  /** Lets members ask for something at an instant. */
  async #make(callers: readonly Member[], begins: number, takesMs: number): Promise<void> {
    const { rooms, random } = this.#options;
    if (callers.length === 0) return;
    if (begins > rooms.clock.now().getTime()) rooms.clock.set(new Date(begins).toISOString());
    const planned: (Planned & Member)[] = [];
    for (const member of callers) {
      const asked = chooseWish(random, member.person.kind, this.#sold);
      if (asked) planned.push({ ...member, asked, named: random.chance(0.35) });
    }
    const ended = await this.#calls.make(planned, {
      down: this.#down,
      takesMs: Math.min(takesMs, (1 + 3 * random.next()) * MINUTE_MS),
    });
    this.#told.calls += ended.filter((end) => end === 'succeeded' || end === 'failed').length;
    for (const [index, { person, accountId }] of planned.entries()) {
      if (ended[index] === 'no-credits') await this.#runOut(person, accountId);
    }
  }

  /** Somebody has too few credits: some buy more in the next hour. */
  async #runOut(person: Person, accountId: string): Promise<void> {
    const { random } = this.#options;
    const buys = { free: 0.02, wheel: 0, pack: 0.8, plan: 0.12, studio: 0.1 }[person.kind];
    if (this.#buying.has(accountId) || !random.chance(buys)) return;
    const packs = await this.#shop.packs();
    const sizes = person.kind === 'free' ? packs.slice(0, 1) : packs.slice(0, 4);
    const often = [2, 4, 3, 1];
    const pack = random.weighted(sizes, (each) => often[sizes.indexOf(each)] ?? 0);
    if (pack) this.#buying.set(accountId, { pack: pack.packId });
  }

  #at(day: number, hour: number, happen: () => Promise<void>): void {
    if (day < 0 || day > this.#options.days) return;
    const key = day * 24 + hour;
    const others = this.#plot.get(key);
    if (others) others.push(happen);
    else this.#plot.set(key, [happen]);
  }

  #member(kind: Person['kind'], place = 0): Member | undefined {
    const of = this.#members.filter(({ person }) => person.kind === kind);
    return of[place % Math.max(of.length, 1)];
  }

  #writePlot(): void {
    const { people, random, days } = this.#options;
    for (const [index, person] of people.entries()) {
      const day = Math.max(person.joinedDay, 0);
      this.#at(day, person.joinedDay < 0 ? 0 : 6 + random.below(14), () => this.#join(person));
      // Those who were there before take their plans along in the first three days.
      const subscribes = person.joinedDay < 0 ? index % 3 : day;
      const { plan } = person;
      if (plan) this.#at(subscribes, 21, async () => this.#subscribe(person, plan));
      if (person.kind === 'wheel') {
        for (let spins = day + 1; spins <= days; spins += 1) {
          if (random.chance(0.6)) this.#at(spins, 7 + random.below(12), () => this.#spin(person, spins));
        }
      }
    }
    const story: Story = {
      options: this.#options,
      shop: this.#shop,
      at: (day, hour, happen) => this.#at(day, hour, happen),
      member: (kind, place) => this.#member(kind, place),
      buyer: (place) => this.#buyers[Math.min(place, this.#buyers.length - 1)],
      willBuy: (accountId, what) => void this.#buying.set(accountId, what),
      make: (callers, begins, takesMs) => this.#make(callers, begins, takesMs),
      down: (provider) => {
        this.#down = provider;
      },
    };
    plotTrouble(story);
    plotMoney(story);
  }

  /** What stands at the present moment: budgets that are nearly used up, and alerts as of now. */
  async #finish(): Promise<void> {
    const { rooms, operator } = this.#options;
    const studio = this.#member('studio');
    await operator.nearlyUse({ scope: 'PROVIDER', subject: 'openai', period: 'MONTH', action: 'WARN' }, 93n);
    await operator.nearlyUse(
      { scope: 'OPERATION', subject: 'GENERATE_VIDEO', period: 'MONTH', action: 'WARN' },
      86n,
    );
    await operator.nearlyUse({ scope: 'TIER', subject: 'FREE', period: 'MONTH', action: 'WARN' }, 48n);
    if (studio) {
      await operator.nearlyUse(
        { scope: 'ACCOUNT', subject: studio.accountId, period: 'MONTH', action: 'WARN' },
        97n,
      );
    }
    // Traffic that is made up by the second needs more than the day of a small shop.
    await rooms.protection.setBudget(
      { scope: 'GLOBAL', subject: null, period: 'DAY', limitMicros: 2_000_000_000n, action: 'SHUTDOWN' },
      operator.actor,
    );
    await rooms.alerts.sweeps.run();
  }

  async #join(person: Person): Promise<void> {
    const { rooms, people } = this.#options;
    const friend = person.referrer === null ? undefined : people[person.referrer];
    const referrer = this.#members.find((member) => member.person === friend);
    const code = referrer && (await rooms.rewards.referralCode(referrer.accountId));
    const saved = await rooms.accounts.upsert({
      externalId: person.externalId,
      email: person.email,
      country: person.country,
      timeZone: person.timeZone,
      tier: person.kind === 'pack' ? 'PAYG' : 'FREE',
      ...(code === undefined ? {} : { referredBy: { code, actor: 'key:web-shop' } }),
    });
    if (saved.status !== 'saved') throw new Error(`No account: ${JSON.stringify(saved.fields)}`);
    this.#members.push({ person, accountId: saved.accountId });
  }

  #subscribe(person: Person, plan: Pick<PlanOffer, 'planId' | 'interval'>): void {
    const member = this.#members.find((each) => each.person === person);
    if (member) this.#buying.set(member.accountId, plan);
  }

  async #spin(person: Person, day: number): Promise<void> {
    const member = this.#members.find((each) => each.person === person);
    if (!member) return;
    await this.#options.rooms.rewards.wheel.spin({
      accountId: member.accountId,
      namespace: member.accountId,
      key: `demo-spin-${day}`,
      inputHash: String(day),
      clientSeed: person.externalId,
      commitment: null,
      actor: `account:${member.accountId}`,
    });
  }
}
