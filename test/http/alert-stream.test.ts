/** Alerts as they change, by WebSocket and by server-sent events alike: each change once and in order, whatever happens. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sql } from '../../server/database/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { rounds } from '../support/rounds.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';
import { WAYS, watch } from '../support/watching.ts';

const CUTS = rounds(15, 100);
const ALERTS_OPENED = rounds(160, 1_000);

const ALERTS = `subscription ($after: Int) { alerts(afterSequence: $after) { id sequence kind state subject title } }`;

interface Told {
  readonly alerts: {
    readonly id: string;
    readonly sequence: number;
    readonly state: string;
    readonly subject: string;
  };
}

describeOnEachDatabase('alerts', (kind) => {
  let server: TestServer;
  let raised = 0;
  beforeAll(async () => {
    server = await startTestServer({ kind });
  });
  afterAll(async () => {
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    await server.close();
  });
  const raise = async (sql?: Sql): Promise<string> => {
    raised += 1;
    const subject = `dispute-${raised}`;
    await server.core.alerts.raise(
      {
        kind: 'RESERVATION_ORPHANED',
        subject,
        severity: 'WARNING',
        title: 'A customer disputes a payment',
        detail: 'For a test.',
      },
      sql,
    );
    return subject;
  };

  test.each(WAYS)('come unresolved first, and then with each change: by %s', async (way) => {
    const resolved = await raise();
    await server.core.alerts.settle({ kind: 'RESERVATION_ORPHANED', subject: resolved });
    const open = await raise();
    const watching = await watch<Told>(way, server.admin, ALERTS);
    let first: Told['alerts'] | undefined;
    do {
      first = (await watching.next())?.data?.alerts;
      expect(first?.subject).not.toBe(resolved);
    } while (first?.subject !== open);
    expect(first).toMatchObject({ state: 'OPEN' });
    await server.admin.ask('mutation ($id: ID!) { acknowledgeAlert(id: $id) { id } }', { id: first.id });
    expect(await watching.next()).toMatchObject({
      data: { alerts: { id: first.id, state: 'ACKNOWLEDGED' } },
    });
    await server.core.alerts.settle({ kind: 'RESERVATION_ORPHANED', subject: open });
    expect(await watching.next()).toMatchObject({ data: { alerts: { id: first.id, state: 'RESOLVED' } } });
    await watching.close();
  });

  test.each(WAYS)(
    'are told with what holds at each change, and not with what held before: by %s',
    async (way) => {
      const subject = await raise();
      const after = (await server.core.alerts.newestSequence()) - 1;
      const watching = await watch<{ alerts: { id: string; changes: { change: string }[] } }>(
        way,
        server.admin,
        'subscription ($after: Int) { alerts(afterSequence: $after) { id changes { change } } }',
        { after },
      );
      const first = (await watching.next())?.data?.alerts;
      expect(first?.changes).toEqual([{ change: 'OPENED' }]);
      await server.core.alerts.settle({ kind: 'RESERVATION_ORPHANED', subject });
      const second = (await watching.next())?.data?.alerts;
      expect(second).toEqual({ id: first?.id, changes: [{ change: 'OPENED' }, { change: 'RESOLVED' }] });
      await watching.close();
    },
  );

  /** Opens alerts, 20 a transaction. */
  const raiseMany = async (count: number) => {
    for (let opened = 0; opened < count; opened += 20) {
      await server.core.database.transaction(async (sql) => {
        for (let each = 0; each < 20; each += 1) await raise(sql);
      });
      await server.core.alerts.announce();
    }
  };

  test.each(WAYS)(
    `reach a client that is cut off ${CUTS} times while ${ALERTS_OPENED} open each once and in order, since it asks from the last that it saw: by %s`,
    async (way) => {
      const [cuts, wanted] = [CUTS, ALERTS_OPENED];
      const begin = await server.core.alerts.newestSequence();
      const opening = raiseMany(wanted);
      const seen: number[] = [];
      let cut = 0;
      while (seen.length < wanted) {
        const watching = await watch<Told>(way, server.admin, ALERTS, { after: begin + seen.length });
        // A few each time, and all that is left when it has been cut off often enough.
        const most = cut < cuts ? 1 + (cut % 17) : wanted;
        for (let count = 0; count < most && seen.length < wanted; count += 1) {
          const event = await watching.next();
          if (!event?.data) throw new Error(JSON.stringify(event));
          seen.push(event.data.alerts.sequence);
        }
        if (seen.length === wanted) await watching.close();
        else {
          cut += 1;
          await watching.cut();
        }
      }
      await opening;
      expect(seen).toEqual(Array.from({ length: wanted }, (_, index) => begin + 1 + index));
      expect(cut).toBe(cuts);
    },
  );

  test('a number that cannot be, and a caller without the scope, are refused', async () => {
    const wrong = await watch('a WebSocket', server.admin, ALERTS, { after: -1 });
    expect(await wrong.next()).toMatchObject({ errors: [{ extensions: { code: 'INVALID_INPUT' } }] });
    await wrong.close();
    const { key } = await server.admin.keyWith('generate');
    const refused = await watch('server-sent events', server.as(key), ALERTS);
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    await refused.close();
  });
});
