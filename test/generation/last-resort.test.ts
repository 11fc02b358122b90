/** What the database refuses to book as it is ends all the same: no credits are held for ever, and nothing is booked too cheap. */
import { expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type { Provider, SubmitResult } from '../../server/providers/index.ts';
import { unique } from '../support/client.ts';
import { startTestServer, until } from '../support/server.ts';
import { png } from '../support/vendors/png.ts';

const MODEL = 'replicate/sdxl';
const DAY_MS = 86_400_000;

/** A vendor that makes a job of each call, and says of it what a test says. */
const vendor = (answer: (jobId: string) => SubmitResult): Provider => ({
  name: 'replicate',
  inProcess: false,
  timeoutMs: 1_000,
  jobTimeoutMs: 365 * DAY_MS,
  submit: async () => ({ status: 'running', jobId: unique('job'), pollAfterMs: 50 }),
  check: async (jobId) => answer(jobId),
  cancel: async () => ({ status: 'goes-on', detail: 'It is done.' }),
});

const success = (costMicros: bigint | null): SubmitResult => ({
  status: 'succeeded',
  outputs: [{ content: png(8, 8), contentType: 'image/png' }],
  costMicros,
});

test('a result that the books refuse gives the credits back, and is booked at the most that it can have cost', async () => {
  await using server = await startTestServer({
    providers: [vendor(() => success(2n ** 70n))],
    env: { SANDBOX: 'off' },
  });
  const accountId = await server.admin.account(100);
  const asked = await server.admin.generateImage({ accountId, model: MODEL, waitMs: 0 });
  await until('it has ended', async () => (await server.admin.balance(accountId)).reserved === 0);
  expect(await server.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
  expect(await server.admin.booked(asked.id ?? '')).toMatchObject({ status: 'FAILED', creditsCharged: 0 });
  expect(
    await server.rows(`SELECT a.outcome, a.cost_source, a.cost_micros = r.ceiling_micros AS "isCeiling"
      FROM attempt a JOIN reservation r ON r.id = a.generation_id`),
  ).toEqual([{ outcome: 'UNKNOWN', cost_source: 'ceiling', isCeiling: true }]);
  expect(server.log.map(({ message }) => message)).toContain(
    'The books refuse how a generation has ended; it is booked as one whose end nobody knows.',
  );
  await server.expectSound();
});

test('a job that ends after a month in which no process ran is booked as any other', async () => {
  const clock = new FakeClock('2026-10-20T12:00:00Z');
  let done = false;
  await using server = await startTestServer({
    clock,
    providers: [vendor((jobId) => (done ? success(2_000n) : { status: 'running', jobId, pollAfterMs: 50 }))],
    env: { SANDBOX: 'off' },
  });
  const accountId = await server.admin.account(100);
  const asked = await server.admin.generateImage({ accountId, model: MODEL, waitMs: 0 });
  await until(
    'its job is known',
    async () => (await server.rows('SELECT 1 FROM generation WHERE job_id IS NOT NULL')).length === 1,
  );
  clock.advance(31 * DAY_MS);
  done = true;
  await until('it has ended', async () => (await server.admin.balance(accountId)).reserved === 0);
  expect(await server.admin.booked(asked.id ?? '')).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 2 });
  await server.expectSound();
});
