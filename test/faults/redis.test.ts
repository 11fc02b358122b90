/** Redis dies and comes back: whoever watches is told all the same, and nothing that concerns money takes notice. */
import { expect, test } from 'vitest';
import type { Core } from '../../server/core.ts';
import { unique } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { startTestServer, until } from '../support/server.ts';
import { watch } from '../support/watching.ts';

const LIVE_PROFIT = 'subscription { liveProfit(window: DAY) { reservationsOpen totals { calls } } }';
const BALANCE = 'subscription ($id: ID!) { balance(accountId: $id) { posted reserved } }';

interface Told {
  readonly liveProfit: { readonly reservationsOpen: number; readonly totals: { readonly calls: number } };
}

/** Makes a picture in a process, as if it had been asked there. */
async function makeIn(core: Core, accountId: string): Promise<void> {
  const priced = await core.generations.price({ accountId: null, namespace: 'api' }, 'GENERATE_IMAGE', {
    idempotencyKey: unique('neighbour'),
    accountId: accountId.slice(4),
    prompt: 'A lighthouse',
    model: 'replicate/sdxl',
    size: '512x512',
  });
  if (priced.status !== 'priced') throw new Error(priced.status);
  const ticket = await core.generations.reserve(priced.call);
  if ('refusal' in ticket) throw new Error(ticket.refusal.kind);
  await core.generations.wait(ticket, 10_000);
}

describeWithRedis('Redis that is killed and restarted', () => {
  test.runIf(databases.includes('postgres'))(
    'is done without, said in /health and /metrics, and used again by itself',
    async () => {
      await using redis = await startRedis();
      await using server = await startTestServer({ kind: 'postgres', env: { REDIS_URL: redis.url } });
      const neighbour = await server.another();
      const accountId = await server.admin.account(1_000);
      const profit = await watch<Told>('a WebSocket', server.admin, LIVE_PROFIT);
      const balance = await watch<{ balance: { posted: number; reserved: number } }>(
        'server-sent events',
        server.admin,
        BALANCE,
        { id: accountId },
      );
      expect((await profit.next())?.data?.liveProfit.totals.calls).toBe(0);
      expect((await balance.next())?.data?.balance.posted).toBe(1_000);
      const isTold = async (calls: number) => {
        for (;;) {
          const event = await profit.next();
          if (!event?.data) throw new Error(JSON.stringify(event));
          const { totals, reservationsOpen } = event.data.liveProfit;
          if (totals.calls === calls && reservationsOpen === 0) break;
        }
        for (;;) {
          const event = await balance.next();
          if (!event?.data) throw new Error(JSON.stringify(event));
          if (event.data.balance.posted === 1_000 - 2 * calls && event.data.balance.reserved === 0) return;
        }
      };
      const health = async () => {
        const answer = await server.admin.fetch('/health/ready');
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      };
      const busUp = async () =>
        /^solvent_bus_up\{bus="redis"\} (\d)$/m.exec(
          await (await server.admin.fetch('/metrics')).text(),
        )?.[1];

      // Told by Redis: nobody would ask for ten seconds.
      expect(server.core.live.recheckMs).toBe(10_000);
      const before = performance.now();
      await makeIn(neighbour, accountId);
      await isTold(1);
      expect(performance.now() - before).toBeLessThan(8_000);
      expect(await health()).toMatchObject({
        status: 200,
        body: { status: 'ok', parts: { live: { status: 'ok' } } },
      });
      expect(await busUp()).toBe('1');

      await redis.kill();
      await until('it is noticed', () => !server.core.live.bus.isUp && !neighbour.live.bus.isUp);
      expect(await health()).toMatchObject({
        status: 200,
        body: {
          status: 'degraded',
          parts: { live: { status: 'degraded', bus: 'redis' }, database: { status: 'ok' } },
        },
      });
      expect(await busUp()).toBe('0');
      expect(server.core.live.recheckMs).toBe(2_000);
      await makeIn(neighbour, accountId);
      await server.admin.generateImage({ accountId });
      await isTold(3);

      await redis.start();
      await until('it is used again', () => server.core.live.bus.isUp && neighbour.live.bus.isUp);
      expect(await health()).toMatchObject({ status: 200, body: { status: 'ok' } });
      await makeIn(neighbour, accountId);
      await isTold(4);
      await profit.close();
      await balance.close();
      await server.expectSound();
    },
    60_000,
  );
});
