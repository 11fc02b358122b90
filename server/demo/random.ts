/** Chance that is the same each time: all that the demo makes up is drawn from one seed. */
import { randomFrom } from '../random.ts';

/** A source of chance. */
export interface Random {
  /** From 0 to just under 1. */
  next(): number;
  /** A whole number from 0 to just under `count`. */
  below(count: number): number;
  /** True in so many of one cases. */
  chance(probability: number): boolean;
  /** One of several, each as likely as the next. */
  pick<Item>(items: readonly Item[]): Item;
  /** One of several, each as likely as its weight says. */
  weighted<Item>(items: readonly Item[], weightOf: (item: Item) => number): Item;
  /** How often something happens that happens so often on average. */
  count(mean: number): number;
}

/** Opens a source. */
export function createRandom(seed: number): Random {
  const random: Random = {
    next: randomFrom(seed),
    below: (count) => Math.floor(random.next() * count),
    chance: (probability) => random.next() < probability,
    pick<Item>(items: readonly Item[]) {
      return items[random.below(items.length)] as Item;
    },
    weighted<Item>(items: readonly Item[], weightOf: (item: Item) => number) {
      let left = random.next() * items.reduce((sum, item) => sum + weightOf(item), 0);
      return (items.find((item) => {
        left -= weightOf(item);
        return left < 0;
      }) ?? items.at(-1)) as Item;
    },
    count(mean) {
      // Poisson, by multiplying (Knuth), in steps that a double can hold.
      let events = 0;
      for (let left = mean; left > 0; left -= 20) {
        const limit = Math.exp(-Math.min(left, 20));
        for (let product = random.next(); product > limit; product *= random.next()) events += 1;
      }
      return events;
    },
  };
  return random;
}
