/** Whom the demo makes up: users of all kinds, from several countries, who have joined by and by. */
import type { PlanInterval, PlanOffer } from '../plans/index.ts';
import type { Random } from './random.ts';

/** What somebody does with the site. */
export type Kind =
  /** Uses the free credits. */
  | 'free'
  /** Comes for the wheel alone. */
  | 'wheel'
  /** Buys packs. */
  | 'pack'
  /** Has a plan. */
  | 'plan'
  /** Has the plan that loses money. */
  | 'studio';

/** Somebody made up. */
export interface Person {
  readonly externalId: string;
  readonly email: string;
  readonly country: string;
  readonly timeZone: string;
  readonly kind: Kind;
  readonly plan: { readonly planId: string; readonly interval: PlanInterval } | null;
  /** How many days after the first of the month that is told; negative: was there before. */
  readonly joinedDay: number;
  /** How much they ask for, beside the others. */
  readonly weight: number;
  /** Whose friend they are, by place in the list; null: came by themselves. */
  readonly referrer: number | null;
}

/** Places, with how many come from there. */
const PLACES = [
  ['US', 'America/New_York', 26],
  ['GB', 'Europe/London', 12],
  ['DE', 'Europe/Berlin', 14],
  ['FR', 'Europe/Paris', 8],
  ['ES', 'Europe/Madrid', 6],
  ['PL', 'Europe/Warsaw', 5],
  ['NL', 'Europe/Amsterdam', 4],
  ['IN', 'Asia/Kolkata', 8],
  ['BR', 'America/Sao_Paulo', 6],
  ['JP', 'Asia/Tokyo', 5],
  ['AU', 'Australia/Sydney', 4],
  ['CA', 'America/Toronto', 2],
] as const;

const FIRST = [
  'amber', 'birch', 'cobalt', 'dune', 'ember', 'fjord', 'garnet', 'harbour', 'indigo', 'juniper', 'kestrel',
  'linden', 'maple', 'nimbus', 'orchid', 'pebble', 'quartz', 'river', 'saffron', 'thistle',
] as const; // biome-ignore format: a list of words
const SECOND = [
  'atelier', 'books', 'clips', 'design', 'events', 'films', 'games', 'goods', 'house', 'ink', 'kitchen', 'lab',
  'market', 'media', 'prints', 'shop', 'studio', 'toys', 'travel', 'works',
] as const; // biome-ignore format: a list of words

/** Of a hundred users so many are of each kind. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['free', 42],
  ['wheel', 6],
  ['pack', 24],
  ['plan', 21],
  ['studio', 7],
];

const WEIGHTS: Readonly<Record<Kind, number>> = { free: 0.5, wheel: 0, pack: 2, plan: 3, studio: 7 };

/**
 * Makes up so many people.
 *
 * @param offers plans that are sold; each has somebody as soon as there are enough people.
 * @param studio the plan that loses.
 */
export function makePeople(
  random: Random,
  count: number,
  days: number,
  offers: readonly PlanOffer[],
  studio: PlanOffer,
): Person[] {
  const kinds = SHARES.flatMap(([kind, share]) =>
    Array.from({ length: Math.max(1, Math.round((share * count) / 100)) }, () => kind),
  ).slice(0, count);
  let subscribers = 0;
  return kinds.map((kind, index): Person => {
    const [country, timeZone] = random.weighted(PLACES, ([, , weight]) => weight);
    const name = `${FIRST[index % FIRST.length]}-${SECOND[(index + Math.floor(index / FIRST.length) * 3) % SECOND.length]}`;
    const plain = offers[subscribers % offers.length] ?? studio;
    if (kind === 'plan') subscribers += 1;
    const offer = kind === 'studio' ? studio : kind === 'plan' ? plain : null;
    // Half were there before; of the rest more come the later it is.
    const isOld = kind === 'studio' || random.chance(0.5);
    const joinedDay = isOld ? -1 - random.below(days) : Math.floor(Math.sqrt(random.next()) * (days - 1));
    return {
      externalId: name,
      email: `${name}@example.com`,
      country,
      timeZone,
      kind,
      plan: offer && { planId: offer.planId, interval: offer.interval },
      joinedDay,
      weight: WEIGHTS[kind] * (0.4 + 1.2 * random.next()),
      referrer: index > 4 && joinedDay >= 0 && random.chance(0.3) ? random.below(index - 1) : null,
    };
  });
}
