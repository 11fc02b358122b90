/** Every periodic task is done by one process at a time, and by another when that one was killed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnPostgres, openTestDatabase, type TestDatabase } from './support/databases.ts';
import type { MaintenanceJob, Turn } from './support/maintenance-worker.ts';
import { forkWorker } from './support/processes.ts';
import { temporaryFolder } from './support/server.ts';
import { NOON } from './support/world.ts';

const OFTEN = ['alerts', 'expired-grants', 'orphaned-reservations'];
const SELDOM = ['due-credits', 'ended-outputs', 'low-balances', 'old-quotes'];

interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly doneUpTo: string;
}

describeOnPostgres('the periodic tasks of two processes', (kind) => {
  let opened: TestDatabase;
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const leases = () =>
    opened.database
      .query<{ name: string; holder: string; doneUpTo: Date }>(
        'SELECT name, holder, done_up_to AS "doneUpTo" FROM lease ORDER BY name',
      )
      .then((rows) =>
        rows.map((row): Lease => ({ ...row, doneUpTo: row.doneUpTo.toISOString().slice(11, 19) })),
      );
  const answer = async (child: ChildProcess) => {
    expect(await once(child, 'message')).toEqual(['done', undefined]);
  };
  const start = async () => {
    const job: MaintenanceJob = { url: opened.url ?? '', folder, now: NOON };
    const child = forkWorker('maintenance-worker.ts', job);
    children.push(child);
    await answer(child);
    return {
      child,
      async turn(laterMs: number) {
        child.send({ laterMs } satisfies Turn);
        await answer(child);
        return leases();
      },
    };
  };

  test('are done by the first, and all by the second 25 seconds after the first was killed; none is left out and none done too soon', async () => {
    const first = await start();
    const begun = await first.turn(0);
    expect(begun.map(({ name }) => name)).toEqual([...OFTEN, ...SELDOM].sort());
    expect(new Set(begun.map(({ doneUpTo }) => doneUpTo))).toEqual(new Set(['12:00:00']));

    const second = await start();
    expect(await second.turn(0)).toEqual(begun);
    expect(await second.turn(5_000)).toEqual(begun);
    const later = await first.turn(5_000);
    expect(later.map(({ holder }) => holder)).toEqual(begun.map(({ holder }) => holder));
    expect(later.filter(({ doneUpTo }) => doneUpTo === '12:00:05').map(({ name }) => name)).toEqual(OFTEN);

    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    // What the first did every five seconds is another's after twenty, the rest five seconds later.
    expect(await second.turn(19_999)).toEqual(later);
    const taken = await second.turn(5_001);
    const others = taken.filter(({ holder }, index) => holder !== later[index]?.holder);
    expect(others.map(({ name }) => name)).toEqual([...OFTEN, ...SELDOM].sort());
    const done = (list: readonly Lease[], at: string) =>
      list.filter(({ doneUpTo }) => doneUpTo === at).map(({ name }) => name);
    expect(done(taken, '12:00:30')).toEqual([...OFTEN, 'low-balances'].sort());
    expect(done(await second.turn(570_000), '12:10:00')).toEqual(
      [...OFTEN, 'due-credits', 'ended-outputs', 'low-balances'].sort(),
    );
    expect(done(await second.turn(3_000_000), '13:00:00')).toHaveLength(OFTEN.length + SELDOM.length);
  });
});
