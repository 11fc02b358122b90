/** Who listens: the newest message, at its own pace, and a reason to ask when none comes. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Listeners } from '../../server/live/index.ts';

describe('a listener', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is told at once what comes first, and then the newest alone, not before its pace allows', async () => {
    const listeners = new Listeners(() => 10_000);
    const messages = listeners.listen<number>('sums', { everyMs: 250 });
    listeners.tell('sums', 1);
    expect(await messages.next()).toEqual({ done: false, value: 1 });
    let told: unknown;
    messages.next().then((result) => {
      told = result.value;
    });
    await vi.advanceTimersByTimeAsync(100);
    listeners.tell('sums', 2);
    listeners.tell('sums', 3);
    await vi.advanceTimersByTimeAsync(149);
    expect(told).toBeUndefined();
    listeners.tell('sums', 4);
    await vi.advanceTimersByTimeAsync(2);
    expect(told).toBe(4);
  });

  test('hears what was said between two questions, and only of its channel', async () => {
    const listeners = new Listeners(() => 10_000);
    const messages = listeners.listen<number>('balance:a', {});
    listeners.tell('balance:b', 1);
    listeners.tell('balance:a', 2);
    expect(await messages.next()).toEqual({ done: false, value: 2 });
  });

  test('is asked to look when nothing comes, as often as holds when it begins to wait', async () => {
    let recheckMs = 2_000;
    const listeners = new Listeners(() => recheckMs);
    const messages = listeners.listen<number>('balance:a', {});
    for (const milliseconds of [2_000, 10_000]) {
      recheckMs = milliseconds;
      let told: unknown = 'nothing';
      messages.next().then(({ value }) => {
        told = value;
      });
      await vi.advanceTimersByTimeAsync(milliseconds - 1);
      expect(told).toBe('nothing');
      await vi.advanceTimersByTimeAsync(1);
      expect(told).toBeNull();
    }
  });

  test('that waits long is asked to look at once when something may have been missed', async () => {
    const listeners = new Listeners(() => 10_000);
    const all = ['a', 'b'].map((channel) => listeners.listen<number>(channel, {}).next());
    listeners.wakeAll();
    expect(await Promise.all(all)).toEqual([
      { done: false, value: null },
      { done: false, value: null },
    ]);
  });

  test('ends at once, while it waits for a message or for its pace, and leaves nothing behind', async () => {
    const listeners = new Listeners(() => 10_000);
    const idle = listeners.listen<number>('balance:a', {});
    const waiting = idle.next();
    const paced = listeners.listen<number>('sums', { everyMs: 250 });
    listeners.tell('sums', 1);
    await paced.next();
    listeners.tell('sums', 2);
    const next = paced.next();
    expect(listeners.count).toBe(2);
    await Promise.all([idle.return(), paced.return()]);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await idle.next()).toEqual({ done: true, value: undefined });
    expect(listeners.count).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
