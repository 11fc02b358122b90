/** The month before the one that is told: calls that another system made, imported as its operator would. */
import type { Tier } from '../ledger/index.ts';
import { formatDecimal } from '../money.ts';
import { DAY_MS, demandOf, HOUR_MS } from './demand.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';
import type { Rooms } from './rooms.ts';
import { chooseWish, wishesNow } from './wishes.ts';

const HEADER =
  'external_id,provider,model,operation,account_external_id,tier,status,cost,credits,revenue,duration_ms,created_at,country,plan';

/** What the old system was less good at. */
const FAILS = 0.06;

/** Writes the file that the old system would have given, as CSV. */
export function oldSystemFile(
  { catalog }: Pick<Rooms, 'catalog'>,
  random: Random,
  people: readonly Person[],
  tierOf: (person: Person) => Tier,
  options: { readonly begin: Date; readonly days: number; readonly callsPerDay: number },
): string {
  const { begin, days, callsPerDay } = options;
  const there = people.filter(({ joinedDay, weight }) => joinedDay < 0 && weight > 0);
  const sold = wishesNow(catalog);
  const lines = [HEADER];
  for (let at = begin.getTime() - days * DAY_MS; at < begin.getTime(); at += HOUR_MS) {
    const day = (at - begin.getTime()) / DAY_MS;
    const callers = there.filter(({ joinedDay }) => joinedDay <= day);
    if (callers.length === 0) continue;
    // Who came later is missing: fewer people ask for less.
    const expected = (demandOf(new Date(at), day, callsPerDay) * callers.length) / there.length;
    for (let calls = random.count(expected); calls > 0; calls -= 1) {
      const person = random.weighted(callers, ({ weight }) => weight);
      const asked = chooseWish(random, person.kind, sold);
      if (!asked) continue;
      const { wish, priced } = asked;
      const failed = random.chance(FAILS);
      const isFree = person.kind === 'free';
      lines.push(
        [
          `old-${lines.length}`,
          priced.provider,
          priced.model,
          wish.operation,
          person.externalId,
          tierOf(person),
          failed ? 'failed' : 'success',
          formatDecimal(failed && random.chance(0.8) ? 0n : priced.costMicros),
          failed ? 0 : priced.credits,
          formatDecimal(failed || isFree ? 0n : priced.revenueMicros),
          2_000 + random.below(30_000),
          new Date(at + random.below(HOUR_MS)).toISOString(),
          person.country,
          person.plan?.planId ?? '',
        ].join(','),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Imports it. */
export async function importBefore({ history }: Rooms, file: string, actor: string): Promise<void> {
  const bytes = (async function* () {
    yield Buffer.from(file);
  })();
  const outcome = await history.import(
    { kind: 'text', bytes, layout: 'solvent' },
    {
      dryRun: false,
      actor,
      onRejected: ({ line, problem }) => {
        throw new Error(`Line ${line} of the demo's history: ${problem}`);
      },
    },
  );
  if (outcome.status !== 'done') throw new Error(`The demo's history was not imported: ${outcome.message}`);
}
