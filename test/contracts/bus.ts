/** What every bus between processes promises, whatever it goes over. */
import { afterEach, expect, test } from 'vitest';
import type { Bus, Ears } from '../../server/live/index.ts';
import { until } from '../support/server.ts';

/** What one end has heard: channels, and `gap` where it should ask for everything. */
interface End {
  readonly bus: Bus;
  readonly heard: string[];
}

/** @param open opens an end of one bus; all ends that it opens within a test are of the same. */
export function busContract(open: (ears: Ears) => Promise<Bus> | Bus): void {
  const ends: End[] = [];
  const openEnd = async (): Promise<End> => {
    const heard: string[] = [];
    const bus = await open({ heard: (channel) => heard.push(channel), gap: () => heard.push('gap') });
    await until('the bus is up', () => bus.isUp);
    const end = { bus, heard };
    ends.push(end);
    // What was said while it was opened is none of the test's.
    heard.length = 0;
    return end;
  };
  afterEach(async () => {
    await Promise.all(ends.splice(0).map(({ bus }) => bus.close()));
  });

  test('what one end tells, every other one hears, and itself does not', async () => {
    const [teller, first, second] = [await openEnd(), await openEnd(), await openEnd()];
    teller.bus.tell('generation:1');
    for (const { heard } of [first, second]) {
      await until('it is heard', () => heard.includes('generation:1'));
    }
    // Another round trip: what was on its way to the teller itself would have come by now.
    first.bus.tell('balance:2');
    await until('it is heard', () => teller.heard.includes('balance:2'));
    expect(teller.heard).toEqual(['balance:2']);
    expect(first.heard).toEqual(['generation:1']);
  });

  test('a channel that is told again is heard again', async () => {
    const [teller, hearer] = [await openEnd(), await openEnd()];
    teller.bus.tell('a');
    await until('it is heard', () => hearer.heard.includes('a'));
    hearer.heard.length = 0;
    for (const channel of ['b', 'a', 'b', 'c']) teller.bus.tell(channel);
    await until('all are heard', () => ['a', 'b', 'c'].every((channel) => hearer.heard.includes(channel)));
  });

  test('however much is told at once, nobody is left in the dark', async () => {
    const [teller, hearer] = [await openEnd(), await openEnd()];
    const channels = Array.from({ length: 3_000 }, (_, index) => `generation:${index}`);
    for (const channel of channels) teller.bus.tell(channel);
    teller.bus.tell('the end');
    await until(
      'all are heard, or that something may have been missed',
      () => hearer.heard.includes('gap') || hearer.heard.includes('the end'),
    );
    // What is told first is heard first, so that nothing is still on its way.
    const heard = new Set(hearer.heard);
    expect(heard.has('gap') || channels.every((channel) => heard.has(channel))).toBe(true);
  });

  test('telling never throws, and an end that is closed neither hears nor is heard', async () => {
    const [teller, hearer, other] = [await openEnd(), await openEnd(), await openEnd()];
    await hearer.bus.close();
    teller.bus.tell('a');
    await until('it is heard by the other', () => other.heard.includes('a'));
    expect(hearer.heard).toEqual([]);
    hearer.bus.tell('b');
    teller.bus.tell('c');
    await until('it is heard by the other', () => other.heard.includes('c'));
    expect(other.heard).not.toContain('b');
  });
}
