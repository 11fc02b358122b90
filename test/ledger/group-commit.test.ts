import { describe, expect, it } from 'vitest';
import { GroupCommit, type GroupCommitOptions } from '../../server/ledger/group-commit.ts';

class Passing extends Error {}

interface Sent {
  readonly items: readonly string[];
  readonly retry: boolean;
}

/** A `send` that keeps what it was given and answers by a script: what each batch makes of its items, or throws. */
function scripted(
  answer: (items: readonly string[], call: number) => readonly string[] | Promise<readonly string[]> = (
    items,
  ) => items.map((item) => item.toUpperCase()),
  options: Partial<GroupCommitOptions<string, string>> = {},
) {
  const sent: Sent[] = [];
  const group = new GroupCommit<string, string>({
    async send(items, retry) {
      sent.push({ items, retry });
      return answer(items, sent.length);
    },
    isTransient: (error) => error instanceof Passing,
    maxItems: 100,
    ...options,
  });
  return { sent, group, batches: () => sent.map((batch) => batch.items.join('')) };
}

/** What became of promises: the result, or the message of the error. */
async function outcomes(promises: readonly Promise<string>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) =>
    result.status === 'fulfilled' ? result.value : (result.reason as Error).message,
  );
}

describe('a group commit', () => {
  it('sends a lone item at the end of the turn in which it came, waiting for nobody', async () => {
    const { group, sent, batches } = scripted();
    const promise = group.submit('a');
    expect(sent).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches()).toEqual(['a']);
    expect(await promise).toBe('A');
    expect(group.counts).toEqual({ batches: 1, items: 1 });
  });

  it('sends what came in one turn as one batch, and gives each its own result', async () => {
    const { group, batches } = scripted();
    expect(await outcomes(['a', 'b', 'c'].map((item) => group.submit(item)))).toEqual(['A', 'B', 'C']);
    expect(batches()).toEqual(['abc']);
  });

  it('gathers what comes while a batch is under way, and sends it as the next one', async () => {
    const first = Promise.withResolvers<readonly string[]>();
    const { group, batches } = scripted((items, call) => (call === 1 ? first.promise : items));
    const a = group.submit('a');
    await new Promise((resolve) => setImmediate(resolve));
    const later = [group.submit('b'), group.submit('c')];
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches()).toEqual(['a']);
    first.resolve(['A']);
    expect(await outcomes([a, ...later])).toEqual(['A', 'b', 'c']);
    expect(batches()).toEqual(['a', 'bc']);
  });

  it('tries no more when a passing failure comes late, and goes on with what has come since', async () => {
    const { group, batches } = scripted(
      (items, call) => {
        if (call === 1) throw new Passing('away');
        return items;
      },
      { retriesEndAfterMs: 0 },
    );
    expect(await outcomes([group.submit('a')])).toEqual(['away']);
    expect(await outcomes([group.submit('b')])).toEqual(['b']);
    expect(batches()).toEqual(['a', 'b']);
  });

  it('never sends more items at once than it may', async () => {
    const { group, batches } = scripted(undefined, { maxItems: 2 });
    expect(await outcomes([...'abcde'].map((item) => group.submit(item)))).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(batches()).toEqual(['ab', 'cd', 'e']);
  });

  it('has as many batches under way as it has lanes, and no more', async () => {
    let underWay = 0;
    let most = 0;
    const { group } = scripted(
      async (items) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return items;
      },
      { maxItems: 1, lanes: 2 },
    );
    await outcomes([...'abcdef'].map((item) => group.submit(item)));
    expect(most).toBe(2);
  });

  it('fails one bad item alone: its neighbours get their results, in batches that go on in order', async () => {
    const { group, batches } = scripted((items) => {
      if (items.includes('x')) throw new Error('bad item');
      return items;
    });
    expect(await outcomes([...'abxd'].map((item) => group.submit(item)))).toEqual([
      'a',
      'b',
      'bad item',
      'd',
    ]);
    expect(batches()).toEqual(['abxd', 'ab', 'xd', 'x', 'd']);
  });

  it('sends a batch again after a passing failure, marked as a retry since it may have been committed', async () => {
    const { group, sent } = scripted((items, call) => {
      if (call < 3) throw new Passing('connection lost');
      return items;
    });
    expect(await outcomes([group.submit('a'), group.submit('b')])).toEqual(['a', 'b']);
    expect(sent.map((batch) => batch.retry)).toEqual([false, true, true]);
    expect(sent.map((batch) => batch.items)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('gives up after its retries, and fails all items of that batch and none of another', async () => {
    const { group, sent } = scripted(
      (items) => {
        if (items.includes('a')) throw new Passing('still away');
        return items;
      },
      { retries: 1, maxItems: 2 },
    );
    expect(await outcomes([...'abc'].map((item) => group.submit(item)))).toEqual([
      'still away',
      'still away',
      'c',
    ]);
    expect(sent).toHaveLength(3);
  });

  it('tells all that has gathered once it has been away for too long, and goes on with what comes after that', async () => {
    let isAway = true;
    const { group, sent } = scripted(
      async (items) => {
        if (!isAway) return items;
        await new Promise((resolve) => setTimeout(resolve, 40));
        throw new Passing('says nothing');
      },
      { maxItems: 2, retriesEndAfterMs: 30 },
    );
    expect(await outcomes([...'abcdefgh'].map((item) => group.submit(item)))).toEqual(
      [...'abcdefgh'].map(() => 'says nothing'),
    );
    expect(sent).toHaveLength(1);
    isAway = false;
    expect(await outcomes([group.submit('i')])).toEqual(['i']);
  });

  it('keeps the mark of a retry when a batch that may have been committed is cut in halves', async () => {
    const { group, sent } = scripted((items, call) => {
      if (call === 1) throw new Passing('connection lost');
      if (items.length > 1) throw new Error('bad batch');
      return items;
    });
    expect(await outcomes([group.submit('a'), group.submit('b')])).toEqual(['a', 'b']);
    expect(sent.map((batch) => `${batch.items.join('')} ${batch.retry}`)).toEqual([
      'ab false',
      'ab true',
      'a true',
      'b true',
    ]);
  });

  it('fails a batch that comes back with too few or too many results, and sends nothing of it again', async () => {
    const { group, sent } = scripted(() => ['only one']);
    expect(await outcomes([group.submit('a'), group.submit('b')])).toEqual([
      'A batch of 2 items came back with 1 results.',
      'A batch of 2 items came back with 1 results.',
    ]);
    expect(sent).toHaveLength(1);
  });

  it('goes on after a failure: what comes next is sent', async () => {
    const { group } = scripted((items, call) => {
      if (call === 1) throw new Error('once');
      return items;
    });
    expect(await outcomes([group.submit('a')])).toEqual(['once']);
    expect(await outcomes([group.submit('b')])).toEqual(['b']);
  });

  it('keeps items with the same key out of one batch, in their order', async () => {
    const { group, batches } = scripted((items) => items, { keyOf: (item) => item.slice(0, 1) });
    expect(await outcomes(['a1', 'b1', 'a2', 'c1', 'a3', 'b2'].map((item) => group.submit(item)))).toEqual([
      'a1',
      'b1',
      'a2',
      'c1',
      'a3',
      'b2',
    ]);
    expect(batches()).toEqual(['a1b1c1', 'a2b2', 'a3']);
  });
});
