/** Changes are numbered without a gap, in the order in which they can be seen: who asks from the last number misses none. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AlertChange, Alerts } from '../../server/alerts/index.ts';
import { databases, describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { until } from '../support/server.ts';
import { anotherAlerts, lineOf, openStage, type Stage } from './stage.ts';

const dispute = (subject: string) =>
  ({
    kind: 'RESERVATION_ORPHANED',
    subject,
    severity: 'WARNING',
    title: 'A payment is disputed',
    detail: '$20.00',
  }) as const;

describeOnEachDatabase('changes of alerts', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.close());

  // Embedded there is one process and no other order: where there is a Postgres too, less of it will do.
  const count = kind === 'pglite' && databases.includes('postgres') ? 100 : 1_000;

  test(`reach a reader that is cut off ${count / 10} times each once and in order, while ${count} alerts open and change`, async () => {
    const processes = [stage.alerts, anotherAlerts(stage), anotherAlerts(stage)];
    const subjects = Array.from({ length: count }, (_, index) => `dp_${index}`);
    let working = true;
    const write = async (alerts: Alerts, own: readonly string[]) => {
      for (const subject of own) {
        await alerts.raise(dispute(subject));
        // Some of them go on: are settled by another process, or get worse.
        if (subject.endsWith('3')) await alerts.raise({ ...dispute(subject), severity: 'CRITICAL' });
        if (subject.endsWith('7')) await processes[0]?.settle({ kind: 'RESERVATION_ORPHANED', subject });
      }
    };
    const writers = processes.flatMap((alerts, index) =>
      [0, 1, 2, 3].map((lane) =>
        write(
          alerts,
          subjects.filter((_, at) => at % 12 === index * 4 + lane),
        ),
      ),
    );
    const written = Promise.all(writers).then(() => {
      working = false;
    });

    const got: AlertChange[] = [];
    let cuts = 0;
    /** One connection: what it had seen is where the next one goes on; what it had only been sent is sent again. */
    const connect = async (upTo: number) => {
      const messages = stage.live.listen('alert', 'all');
      try {
        for (let seen = 0; seen < upTo; ) {
          const page = await stage.alerts.changesAfter(got.at(-1)?.sequence ?? 0, 20);
          for (const change of page.slice(0, upTo - seen)) got.push(change);
          seen += page.length;
          if (page.length === 0) {
            if (!working) return;
            await messages.next();
          }
        }
      } finally {
        await messages.return();
      }
    };
    for (; cuts < count / 10; cuts += 1) await connect((cuts % 23) + 1);
    await written;
    await connect(Number.POSITIVE_INFINITY);

    expect(got).toHaveLength(count + count / 10 + count / 10);
    expect(got.map(({ sequence }) => sequence)).toEqual(got.map((_, index) => index + 1));
    const opened = got.filter(({ change }) => change === 'OPENED').map(({ alert }) => alert.subject);
    expect(opened.sort()).toEqual([...subjects].sort());
    expect(await stage.alerts.newestSequence()).toBe(got.length);
  }, 120_000);

  test('are told as they were then, and not as the alert is now', async () => {
    await stage.raise();
    const [{ alert }] = (await stage.changes()) as [AlertChange];
    stage.clock.advance(60_000);
    await stage.alerts.acknowledge(alert.id, null, 'admin:ann');
    await stage.raise({ severity: 'CRITICAL', detail: 'It is lost.' });
    await stage.alerts.resolve(alert.id, 'Paid back', 'admin:bob');
    const told = await stage.alerts.changesOf([alert.id]);
    expect(
      told.map(({ sequence, change, by, reason, alert: { state, severity, detail, acknowledgedAt } }) => [
        sequence,
        change,
        by,
        reason,
        state,
        severity,
        detail,
        acknowledgedAt?.toISOString() ?? null,
      ]),
    ).toEqual([
      [1, 'OPENED', 'system', null, 'OPEN', 'WARNING', 'It is $20.00.', null],
      [
        2,
        'ACKNOWLEDGED',
        'admin:ann',
        null,
        'ACKNOWLEDGED',
        'WARNING',
        'It is $20.00.',
        '2026-11-20T12:01:00.000Z',
      ],
      [3, 'WORSENED', 'system', null, 'OPEN', 'CRITICAL', 'It is lost.', null],
      [4, 'RESOLVED', 'admin:bob', 'Paid back', 'RESOLVED', 'CRITICAL', 'It is lost.', null],
    ]);
  });

  test('are kept for ever as they were written', async () => {
    await stage.raise();
    await expect(stage.world.rows(`UPDATE alert_event SET title = 'x'`)).rejects.toThrow('never changed');
  });

  test('give their number back when their transaction comes to nothing, and are heard of when it is committed', async () => {
    const messages = stage.live.listen('alert', 'all');
    const lost = stage.world.database.transaction(async (sql) => {
      await stage.alerts.raise(dispute('dp_lost'), sql);
      throw new Error('The payment could not be booked.');
    });
    await expect(lost).rejects.toThrow('could not be booked');
    await stage.world.database.transaction((sql) => stage.alerts.raise(dispute('dp_kept'), sql));
    await stage.alerts.announce();
    // Another process is told that something has changed, and reads what.
    expect([1, null]).toContain((await messages.next()).value);
    expect(await stage.alerts.newestSequence()).toBe(1);
    await messages.return();
    expect(await stage.lines()).toEqual(['11-20 12:00 OPENED WARNING RESERVATION_ORPHANED dp_kept']);
  });
});

describeOnPostgres('a change that is not committed yet', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  afterAll(() => stage.close());

  test('lets no later one be seen before it', async () => {
    const gate = Promise.withResolvers<void>();
    const raised = Promise.withResolvers<void>();
    const first = stage.world.database.transaction(async (sql) => {
      await stage.alerts.raise(dispute('dp_slow'), sql);
      raised.resolve();
      await gate.promise;
    });
    await raised.promise;
    let done = false;
    const second = anotherAlerts(stage)
      .raise(dispute('dp_quick'))
      .then(() => {
        done = true;
      });
    await until('the second waits for the first', async () => {
      const rows = await stage.world.rows(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    expect([await stage.lines(), done]).toEqual([[], false]);
    gate.resolve();
    await Promise.all([first, second]);
    expect((await stage.changes()).map((change) => `${change.sequence} ${lineOf(change)}`)).toEqual([
      '1 11-20 12:00 OPENED WARNING RESERVATION_ORPHANED dp_slow',
      '2 11-20 12:00 OPENED WARNING RESERVATION_ORPHANED dp_quick',
    ]);
  });
});
