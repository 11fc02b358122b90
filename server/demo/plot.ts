/** What happens in the month beside its calls: what goes wrong, and money that goes back. */
import { orphansFound } from '../alerts/index.ts';
import { DAY_MS } from './demand.ts';
import type { Member, MonthOptions } from './month.ts';
import type { Person } from './people.ts';
import type { Purchase, Shop } from './shop.ts';

/** The month, as far as its plot may touch it. */
export interface Story {
  readonly options: MonthOptions;
  readonly shop: Shop;
  /** Lets something happen in an hour of a day; what is not in the month does not happen. */
  at(day: number, hour: number, happen: () => Promise<void>): void;
  /** One of a kind of those who have come by now. */
  member(kind: Person['kind'], place?: number): Member | undefined;
  /** Who has bought as the so-manieth, or the last. */
  buyer(place: number): string | undefined;
  /** Lets an account buy something in this hour. */
  willBuy(accountId: string, what: Purchase): void;
  /** Lets members ask for something at an instant. */
  make(callers: readonly Member[], begins: number, takesMs: number): Promise<void>;
  /** Which provider fails from now on. */
  down(provider: string | null): void;
}

const MINUTE_MS = 60_000;
/** How long an outage lasts, in hours. */
const OUTAGE_HOURS = 4;
const OUTAGE_PROVIDER = 'openai';

/** An outage, an hour that costs far more than any other, and a stop by hand. */
export function plotTrouble(story: Story): void {
  const { rooms, operator, days, begin, callsPerDay } = story.options;
  const { alerts, protection, clock } = rooms;
  const sweep = async () => void (await alerts.sweeps.run());
  const weekdayBefore = (day: number): number => {
    const weekday = new Date(begin.getTime() + day * DAY_MS).getUTCDay();
    return weekday === 0 || weekday === 6 ? weekdayBefore(day - 1) : day;
  };

  const outage = weekdayBefore(days - 9);
  story.at(outage, 10, async () => {
    story.down(OUTAGE_PROVIDER);
    await alerts.raise({
      kind: 'PROVIDER_DOWN',
      subject: OUTAGE_PROVIDER,
      window: clock.now().toISOString(),
      severity: 'CRITICAL',
      title: `${OUTAGE_PROVIDER} is down`,
      detail: 'Its calls have failed with 503 Service Unavailable. Calls that name no model go elsewhere.',
    });
  });
  story.at(outage, 10 + OUTAGE_HOURS, async () => {
    story.down(null);
    await alerts.settle({ kind: 'PROVIDER_DOWN', subject: OUTAGE_PROVIDER });
    await alerts.raise(orphansFound(2, clock.now()));
    for (const place of [0, 1, 2]) {
      const member = story.member('pack', place);
      if (member) await operator.give(member.accountId, 40, `For the outage of ${OUTAGE_PROVIDER}`);
    }
  });

  const spike = weekdayBefore(days - 3);
  story.at(spike, 12, async () => {
    const hero = story.member('pack', 3);
    const largest = (await story.shop.packs()).at(-1);
    if (hero && largest) story.willBuy(hero.accountId, { pack: largest.packId });
    await sweep();
  });
  story.at(spike, 14, async () => {
    const hero = story.member('pack', 3);
    if (!hero) return;
    const films: Member = { ...hero, person: { ...hero.person, kind: 'studio' } };
    const calls = Math.max(60, Math.round(callsPerDay * 1.1));
    await story.make(
      Array.from({ length: calls }, () => films),
      clock.now().getTime() + 10 * MINUTE_MS,
      20 * MINUTE_MS,
    );
    clock.advance(5 * MINUTE_MS);
    await sweep();
  });
  story.at(spike, 15, async () => {
    await protection.suspend('One user made hundreds of films within minutes: looking at it', operator.actor);
    await sweep();
    clock.advance(20 * MINUTE_MS);
    await protection.resume('A film studio that had bought credits for it: all is well', operator.actor);
    clock.advance(MINUTE_MS);
  });
  story.at(spike + 1, 8, async () => {
    await sweep();
    await operator.lookAtAlerts();
  });
  story.at(days - 1, 9, async () => {
    await sweep();
    await operator.lookAtAlerts();
  });
}

/** Money that goes back, disputes, bills, and people who leave. */
export function plotMoney(story: Story): void {
  const { operator, days, begin, rooms } = story.options;
  const buyer = (place: number) => story.buyer(place);
  const dispute = async (place: number, end: 'won' | 'lost' | null, after: number, day: number) => {
    const accountId = buyer(place);
    const id = accountId === undefined ? null : await story.shop.dispute(accountId);
    if (id && end) story.at(day + after, 11, () => rooms.till.closeDispute(id, end));
  };
  story.at(1, 9, () => operator.makeKeys());
  story.at(4, 10, async () => {
    const member = story.member('free', 2);
    if (!member) return;
    const grantId = await operator.give(member.accountId, 200, 'A prize of the photo contest');
    if (grantId) await operator.takeBack(grantId, 150, 'The contest had a prize of 50 and not of 200');
  });
  for (const [day, place, half] of [
    [6, 1, false],
    [13, 4, true],
    [days - 5, 9, false],
  ] as const) {
    story.at(day, 16, async () => {
      const accountId = buyer(place);
      if (accountId) await story.shop.refund(accountId, half, 'Not what they had hoped for', operator.actor);
    });
  }
  story.at(8, 10, () => dispute(6, 'won', 6, 8));
  story.at(12, 10, () => dispute(11, 'lost', 5, 12));
  story.at(days - 2, 10, () => dispute(15, null, 0, days - 2));
  for (const [day, place] of [
    [17, 1],
    [22, 4],
    [days - 2, 7],
  ] as const) {
    story.at(day, 18, async () => {
      const member = story.member('plan', place);
      if (member) await story.shop.leave(member.accountId);
    });
  }
  const billed = days - 6;
  story.at(billed + 2, 12, () =>
    operator.bookBill(new Date(begin.getTime() + billed * DAY_MS), 'luma', 'luma/dream-machine'),
  );
}
