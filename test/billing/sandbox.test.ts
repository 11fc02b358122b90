/** How the sandbox's Stripe sends its events to a site that does not take them. */
import { describe, expect, it } from 'vitest';
import { readForm } from '../../server/billing/sandbox/form.ts';
import { createMemoryStore, openSandbox } from '../../server/billing/sandbox/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { createLog } from '../../server/log.ts';
import { NOON } from './stage.ts';

describe('a form', () => {
  it('is read in no time, however long a list it has', () => {
    const from = performance.now();
    const { list } = readForm('list[]=1&'.repeat(100_000));
    expect(Object.keys(list ?? {})).toHaveLength(100_000);
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(readForm('a[0]=x&a[]=y&a[]=z&b[c]=d')).toEqual({ a: { 0: 'x', 1: 'y', 2: 'z' }, b: { c: 'd' } });
  });
});

describe('the sandbox’s events', () => {
  const openDesk = () => {
    const store = createMemoryStore();
    const sandbox = openSandbox({
      // Nothing of a store in memory is kept there.
      database: {} as Database,
      clock: new FakeClock(NOON),
      log: createLog({ level: 'silent' }),
      store,
      pagesUrl: () => 'http://127.0.0.1',
      sign: () => 'signed',
    });
    const put = (id: string) =>
      store.work((shelf) =>
        shelf.put({
          ...{
            id,
            object: 'event',
            created: 0,
            livemode: false,
            api_version: '',
            type: 'test',
            data: { object: {} },
          },
          pending_webhooks: 1,
        }),
      );
    return { sandbox, put };
  };

  it('are sent once more for all who ask while one sending hangs', async () => {
    const { sandbox, put } = openDesk();
    await put('evt_1');
    const gate = Promise.withResolvers<number>();
    const sent: string[] = [];
    sandbox.deliverTo((payload) => {
      sent.push(JSON.parse(payload).id);
      return sent.length === 1 ? gate.promise : Promise.resolve(503);
    });
    await expect.poll(() => sent).toEqual(['evt_1']);
    const asked = Promise.all(Array.from({ length: 100 }, () => sandbox.deliver()));
    gate.resolve(503);
    await asked;
    expect(sent).toEqual(['evt_1', 'evt_1']);
    await sandbox.stop();
  });

  it('hold up no others when the site cannot take one', async () => {
    const { sandbox, put } = openDesk();
    await put('evt_1');
    await put('evt_2');
    const taken: string[] = [];
    sandbox.deliverTo(async (payload) => {
      const { id } = JSON.parse(payload);
      if (id === 'evt_1') return 500;
      taken.push(id);
      return 200;
    });
    await sandbox.deliver();
    await sandbox.deliver();
    expect(taken).toEqual(['evt_2']);
    await sandbox.stop();
  });
});
