/** An embedded database that was made just now: it does not know yet how arrays of its own types are written. */
import { expect, test } from 'vitest';
import { createAlerts } from '../../server/alerts/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { openDatabase } from '../../server/database/index.ts';
import { openLive } from '../../server/live/index.ts';
import { silentLog } from '../../server/log.ts';
import { openQueue } from '../../server/queue/index.ts';
import { NOON } from '../support/world.ts';
import { lineOf } from './stage.ts';

test('alerts are looked for, raised and put out on the very first start', async () => {
  const database = await openDatabase({});
  const [live, queue] = await Promise.all([
    openLive({ database, log: silentLog }),
    openQueue({ database, log: silentLog }),
  ]);
  const alerts = createAlerts({
    database,
    clock: new FakeClock(NOON),
    log: silentLog,
    live,
    queue,
    allowPrivateHosts: false,
    smtp: undefined,
  });
  const saved = await alerts.deliveries.createChannel(
    'WEBHOOK',
    { name: 'ops', target: 'https://example.com/hook', kinds: ['BILL_MISMATCH', 'LOW_BALANCE'] },
    'admin:test',
  );
  expect(saved).toMatchObject({ status: 'saved', channel: { kinds: ['BILL_MISMATCH', 'LOW_BALANCE'] } });
  await alerts.raise({ kind: 'BILL_MISMATCH', severity: 'WARNING', title: 'A bill is wrong', detail: '' });
  expect(await alerts.sweeps.run()).toBe(true);
  expect((await alerts.changesAfter(0, 10)).map(lineOf)).toEqual([
    '11-20 12:00 OPENED WARNING BILL_MISMATCH',
  ]);
  expect(await alerts.deliveries.channels()).toMatchObject([{ kinds: ['BILL_MISMATCH', 'LOW_BALANCE'] }]);
  await alerts.stop();
  await queue.stop(1_000);
  await live.close();
  await database.close();
}, 60_000);
