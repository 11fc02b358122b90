/** One suite over every bus between processes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../server/database/index.ts';
import { createProcessBus, type Ears, openPostgresBus, openRedisBus } from '../../server/live/index.ts';
import { silentLog } from '../../server/log.ts';
import { describeOnPostgres, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { createRedis, describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/server.ts';
import { busContract } from './bus.ts';

describe('the bus within one process', () => {
  const bus = createProcessBus();
  busContract(bus);
});

describeOnPostgres('the bus over NOTIFY', (kind) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  afterAll(() => opened.close());
  const open = ({ native, query }: Database, ears: Ears) => {
    if (native.kind !== 'postgres') throw new Error('This bus wants a Postgres.');
    return openPostgresBus({ query }, native, silentLog, ears);
  };
  busContract((ears) => open(opened.database, ears));

  test('says that it is down when its connection breaks, comes back by itself, and lets everybody ask both times', async () => {
    const heard: string[] = [];
    const bus = await open(opened.database, {
      heard: (channel) => heard.push(channel),
      gap: () => heard.push(bus.isUp ? 'gap, and up' : 'gap, and down'),
    });
    await opened.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'solvent-listen'`,
    );
    await until('it is back', () => heard.length >= 2);
    expect(heard).toEqual(['gap, and down', 'gap, and up']);
    const teller = await open(opened.database, { heard: () => {}, gap: () => {} });
    teller.tell('generation:1');
    await until('it is heard', () => heard.includes('generation:1'));
    await Promise.all([bus.close(), teller.close()]);
  });
});

describeWithRedis('the bus over Redis', () => {
  let redis: TestRedis;
  const open = (ears: Ears) => openRedisBus({ url: redis.url, log: silentLog }, ears);
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.kill());
  busContract((ears) => open(ears));

  test('says that it is down when Redis is killed, comes back by itself, and lets everybody ask both times', async () => {
    const heard: string[] = [];
    await using ears = {
      hearer: await open({ heard: (channel) => heard.push(channel), gap: () => heard.push('gap') }),
      teller: await open({ heard: () => {}, gap: () => {} }),
      async [Symbol.asyncDispose]() {
        await Promise.all([this.hearer.close(), this.teller.close()]);
      },
    };
    const { hearer, teller } = ears;
    await until('both are up', () => hearer.isUp && teller.isUp);
    heard.length = 0;
    await redis.kill();
    await until('both say that they are down', () => !hearer.isUp && !teller.isUp);
    expect(heard).toEqual(['gap']);
    // What is told meanwhile is lost, and costs nothing.
    for (let index = 0; index < 10_000; index += 1) teller.tell(`generation:${index}`);
    await redis.start();
    await until('both are up again', () => hearer.isUp && teller.isUp);
    expect(heard).toEqual(['gap', 'gap']);
    teller.tell('generation:1');
    await until('it is heard', () => heard.includes('generation:1'));
  });

  test('what somebody else says on the channel is taken as a reason to ask', async () => {
    const heard: string[] = [];
    const bus = await open({ heard: (channel) => heard.push(channel), gap: () => heard.push('gap') });
    await until('it is up', () => bus.isUp);
    heard.length = 0;
    const { createClient } = await import('@redis/client');
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.publish('solvent:live', 'hello');
    await until('it is heard', () => heard.length > 0);
    expect(heard).toEqual(['gap']);
    client.destroy();
    await bus.close();
  });

  test('opens without a Redis, says so, and finds it once it is there', async () => {
    await using late = await createRedis();
    const bus = await openRedisBus({ url: late.url, log: silentLog }, { heard: () => {}, gap: () => {} });
    expect(bus.isUp).toBe(false);
    await late.start();
    await until('it is found', () => bus.isUp);
    await bus.close();
  });

  test('hears also when its connection broke just as it asked to', async () => {
    let cuts = 0;
    const between = createServer((near) => {
      const far = connect(Number(new URL(redis.url).port), '127.0.0.1');
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => {});
        socket.once('close', () => other.destroy());
      }
      near.on('data', (bytes) => {
        if (cuts === 0 && /subscribe/i.test(bytes.toString())) {
          cuts += 1;
          near.destroy();
        } else far.write(bytes);
      });
      far.on('data', (bytes) => near.write(bytes));
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const url = `redis://127.0.0.1:${(between.address() as AddressInfo).port}`;
    const heard: string[] = [];
    const bus = await openRedisBus(
      { url, log: silentLog },
      { heard: (channel) => heard.push(channel), gap: () => {} },
    );
    await until('it is up', () => bus.isUp);
    expect(cuts).toBe(1);
    const teller = await open({ heard: () => {}, gap: () => {} });
    teller.tell('generation:1');
    await until('it is heard', () => heard.length > 0);
    expect(heard).toEqual(['generation:1']);
    await Promise.all([bus.close(), teller.close()]);
    between.close();
  });
});
