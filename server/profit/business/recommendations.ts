/**
 * What the books advise. Each recommendation says its rule and the figures that it follows from, so that whoever reads it can
 * check it; none is made of what the books do not hold.
 */
import type { Catalog, ModelCard, VariantPrice } from '../../catalog/index.ts';
import { divideUp, formatDecimal, MICROS_PER_DOLLAR, type Micros, millionths } from '../../money.ts';
import { OPERATIONS } from '../../providers/index.ts';
import { NOTHING } from '../sums.ts';
import type { ProfitLine, TimeRange } from '../types.ts';
import type { BreakEven } from './index.ts';
import type { Reading } from './metrics.ts';
import { readPaid, readRepeats } from './statements.ts';

/** What can be advised; README.md has the rule of each. */
export const RECOMMENDATION_KINDS = [
  'PRICE_UNDER_FLOOR',
  'PLAN_LOSES',
  'CHEAPER_MODEL',
  'ACCOUNT_LOSES',
  'CACHE_SAVINGS',
] as const;

/** A figure that a recommendation follows from. */
export interface Figure {
  readonly name: string;
  /** Dollars are decimal text, the rest as people read it. */
  readonly value: string;
}

/** A piece of advice. */
export interface Recommendation {
  readonly kind: (typeof RECOMMENDATION_KINDS)[number];
  /** A model, a plan, or an account's UUID. */
  readonly subject: string;
  readonly title: string;
  /** When such advice is given, to the letter. */
  readonly rule: string;
  /** What it would have brought in the range, or what was lost in it; null where the books cannot tell. */
  readonly effectMicros: Micros | null;
  readonly figures: readonly Figure[];
}

interface Given {
  readonly catalog: Catalog;
  readonly breakEven: BreakEven;
  readonly marginFloor: number;
}

/** Accounts of which is told; more would be a report. */
const MOST_ACCOUNTS = 10;
/** Repeats are looked for among as many calls at the most, the newest of the range. */
const MOST_COMPARED = 100_000;

const dollars = (name: string, micros: Micros): Figure => ({
  name,
  value: micros < 0n ? `−$${formatDecimal(-micros)}` : `$${formatDecimal(micros)}`,
});
const count = (name: string, value: number | bigint): Figure => ({ name, value: value.toLocaleString('en') });
const percent = (name: string, part: number | null): Figure => ({
  name,
  value: part === null ? 'not known' : `${(part * 100).toFixed(1)} %`,
});

function variantOf({ size, quality, durationSeconds }: VariantPrice): string {
  const parts = [size, quality, durationSeconds === null ? null : `${durationSeconds} s`];
  const text = parts.filter((part) => part !== null).join(', ');
  return text === '' ? '' : ` (${text})`;
}

function pricesUnderFloor(
  cards: readonly ModelCard[],
  { catalog, marginFloor }: Given,
  byModel: ReadonlyMap<string, ProfitLine>,
): Recommendation[] {
  const kept = millionths(1 - marginFloor);
  return cards
    .filter((card) => !card.retired && card.belowFloor)
    .flatMap((card) =>
      card.prices
        .filter((price) => price.belowFloor)
        .map((price): Recommendation => {
          const enough = divideUp(price.costMicros * MICROS_PER_DOLLAR, catalog.creditMicros() * kept);
          const used = byModel.get(card.id) ?? NOTHING;
          return {
            kind: 'PRICE_UNDER_FLOOR',
            subject: card.id,
            title: `Ask ${enough} credits for ${card.id}${variantOf(price)} instead of ${price.credits}.`,
            rule: `Its margin at the least that a credit sells for is under ${(marginFloor * 100).toFixed(0)} %.`,
            effectMicros: null,
            figures: [
              count('price in credits', price.credits),
              dollars('cost', price.costMicros),
              percent('margin', price.margin),
              count('credits that keep the floor', enough),
              count('calls of the model in the range', used.calls),
              dollars('what they earned less their cost', used.revenueMicros - used.costMicros),
            ],
          };
        }),
    );
}

function plansThatLose({ breakEven }: Given): Recommendation[] {
  return breakEven.plans.flatMap((plan): Recommendation[] => {
    const { offer, observedProfitMicros, observedCostMicros } = plan;
    if (plan.subscribers === 0 || observedProfitMicros === null || observedCostMicros === null) return [];
    if (observedProfitMicros >= 0n) return [];
    return [
      {
        kind: 'PLAN_LOSES',
        subject: offer.planId,
        title: `${offer.name} (${offer.interval === 'YEAR' ? 'by the year' : 'by the month'}) costs more than it brings at what its subscribers use.`,
        rule: "A month's price less payment fees is under what a subscriber's calls cost in 30 days, on average of all subscribers of the plan and of the range.",
        effectMicros: observedProfitMicros * BigInt(plan.subscribers),
        figures: [
          dollars('price', offer.priceMicros),
          dollars('payment fees', plan.feeMicros),
          dollars('cost of a subscriber in 30 days', observedCostMicros),
          dollars('what that leaves', observedProfitMicros),
          count('subscribers', plan.subscribers),
        ],
      },
    ];
  });
}

function cheaperModels({ catalog }: Given, byModel: ReadonlyMap<string, ProfitLine>): Recommendation[] {
  return OPERATIONS.flatMap((operation) => {
    const hasImage = operation !== 'GENERATE_IMAGE' && operation !== 'GENERATE_VIDEO';
    const candidates = catalog.candidates({ operation, hasImage });
    return candidates.flatMap((used): Recommendation[] => {
      const line = byModel.get(used.model);
      // The first is the cheapest: candidates come in the order of cost.
      const better = candidates.find(
        (other) => other.quality >= used.quality && other.costMicros < used.costMicros,
      );
      if (!line || line.costMicros === 0n || !better) return [];
      const savingMicros = (line.costMicros * (used.costMicros - better.costMicros)) / used.costMicros;
      return [
        {
          kind: 'CHEAPER_MODEL',
          subject: used.model,
          title: `${better.model} could make what ${used.model} made, for less.`,
          rule: 'A model of the same operation that is served now has at least the same quality and a lower cost for the same usual request. The saving is the observed cost in that proportion, at the same prices.',
          effectMicros: savingMicros,
          figures: [
            count('calls in the range', line.calls),
            dollars('their cost', line.costMicros),
            dollars(`cost of a usual request at ${used.model}`, used.costMicros),
            dollars(`at ${better.model}`, better.costMicros),
            { name: 'quality', value: `${used.quality} and ${better.quality}` },
          ],
        },
      ];
    });
  });
}

async function accountsThatLose({ database, reports }: Reading, range: TimeRange): Promise<Recommendation[]> {
  const ranking = await reports.topAccounts({ range }, 'LOSS', 100);
  if (ranking.status === 'invalid') throw new Error(ranking.fields[0]?.message);
  const losing = ranking.lines.filter((line) => line.costMicros > line.revenueMicros);
  const ids = losing.flatMap(({ accountId }) => accountId ?? []);
  const [paid, accounts] = await Promise.all([
    readPaid(database, ids, range.from, range.to),
    database.prisma.account.findMany({ where: { id: { in: ids } }, select: { id: true, externalId: true } }),
  ]);
  const names = new Map(accounts.map(({ id, externalId }) => [id, externalId]));
  return losing
    .flatMap((line): Recommendation[] => {
      const paidMicros = paid.get(line.accountId ?? '') ?? 0n;
      if (line.accountId === null || paidMicros >= line.costMicros) return [];
      return [
        {
          kind: 'ACCOUNT_LOSES',
          subject: line.accountId,
          title: `The account ${names.get(line.accountId) ?? line.accountId} costs more than it pays.`,
          rule: 'In the range its calls cost more than they earned, and more than it paid less refunds. Of such accounts the ten that lose most are told.',
          effectMicros: line.revenueMicros - line.costMicros,
          figures: [
            count('calls', line.calls),
            dollars('cost', line.costMicros),
            dollars('revenue earned', line.revenueMicros),
            dollars('paid', paidMicros),
            dollars('cost of calls that failed', line.lostCostMicros),
          ],
        },
      ];
    })
    .slice(0, MOST_ACCOUNTS);
}

/** The newest part of a range that has at most so many calls, by whole hours. */
async function comparedPart({ reports }: Reading, { from, to }: TimeRange): Promise<TimeRange> {
  // Calls of more than a month ago are served by no cache.
  const begin = new Date(Math.max(from.getTime(), to.getTime() - 31 * 86_400_000));
  const series = await reports.series({ range: { from: begin, to }, timeZone: 'UTC' }, 'HOUR');
  if (series.status === 'invalid') throw new Error(series.fields[0]?.message);
  let calls = 0;
  let first = to;
  for (const point of series.points.toReversed()) {
    calls += point.calls;
    if (calls > MOST_COMPARED) break;
    first = point.at;
  }
  return { from: first, to };
}

async function cacheSavings(reading: Reading, range: TimeRange): Promise<Recommendation[]> {
  const part = await comparedPart(reading, range);
  const repeats = await readRepeats(reading.database, part.from, part.to);
  return repeats.map(
    (repeat): Recommendation => ({
      kind: 'CACHE_SAVINGS',
      subject: repeat.model,
      title: `Requests to ${repeat.model} were repeated and paid for again.`,
      rule: 'A request of the same content had succeeded before in the part of the range that is compared, and this one was not served by the cache and cost something. RESULT_CACHE=account would serve those of the same account, RESULT_CACHE=shared all, within RESULT_CACHE_HOURS.',
      effectMicros: repeat.sharedCostMicros,
      figures: [
        count('repeats by the same account', repeat.ownCalls),
        dollars('their cost', repeat.ownCostMicros),
        count('repeats by any account', repeat.sharedCalls),
        dollars('cost of those', repeat.sharedCostMicros),
        { name: 'compared since', value: part.from.toISOString() },
      ],
    }),
  );
}

const sizeOf = ({ effectMicros }: Recommendation) => {
  const effect = effectMicros ?? 0n;
  return effect < 0n ? -effect : effect;
};

/** All advice of a range that has been checked, the largest effect first. */
export async function recommend(reading: Reading, range: TimeRange, given: Given): Promise<Recommendation[]> {
  const outcome = await reading.reports.report({ range, groupBy: ['MODEL'] });
  if (outcome.status === 'invalid') throw new Error(outcome.fields[0]?.message);
  const byModel = new Map(outcome.report.lines.map((line) => [line.model ?? '', line]));
  const [accounts, repeats] = await Promise.all([
    accountsThatLose(reading, range),
    cacheSavings(reading, range),
  ]);
  const all = [
    ...plansThatLose(given),
    ...cheaperModels(given, byModel),
    ...accounts,
    ...repeats,
    ...pricesUnderFloor(given.catalog.models(), given, byModel),
  ];
  return all.sort((a, b) => (sizeOf(b) > sizeOf(a) ? 1 : sizeOf(b) < sizeOf(a) ? -1 : 0));
}
