/**
 * A vendor that is down is left alone, by every process, until one call has found that it works again. What says nothing
 * of the vendor never has it left alone, and nobody pays for a call that delivered nothing.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import type { Core } from '../../server/core.ts';
import { type Outcome, unique } from '../support/client.ts';
import { type DatabaseKind, describeOnEachDatabase } from '../support/databases.ts';
import { until } from '../support/server.ts';
import { type HttpVendor, hang, slow, status } from '../support/vendors/http-vendor.ts';
import { startOpenAiVendor } from '../support/vendors/openai.ts';
import { startReplicateVendor } from '../support/vendors/replicate.ts';
import { MODELS, openStage, type Stage } from './three-vendors.ts';

const FAILURES = 5;
/** Longer than it takes the other process to hear of it. */
const PAUSE_MS = 1_400;
/** Where nobody else has to hear of it. */
const SHORT_MS = 1_200;
/** How soon every process knows. */
const KNOWN_MS = 2_000;
const CREDITS = 1_000;
const DOWN = { times: Number.POSITIVE_INFINITY };
const UNAVAILABLE = { __typename: 'ProviderUnavailableError', code: 'PROVIDER_UNAVAILABLE' };
const FIRST = 'replicate/first';
const SECOND = 'openai/second';
type Model = typeof FIRST | typeof SECOND;

interface Health {
  readonly name: string;
  readonly configured: boolean;
  readonly sandbox: boolean;
  readonly circuit: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  readonly since: string | null;
  readonly until: string | null;
  readonly reason: string | null;
}

/**
 * Two processes on one database, and what is asked of them.
 *
 * @param pauseMs how long a vendor is left alone.
 * @param timeoutMs how long one that does not answer is waited for.
 */
function openProcesses(kind: DatabaseKind, pauseMs: number, timeoutMs = 600) {
  let stage: Stage;
  /** A second process on the same database. */
  let other: Core;
  let accountId: string;

  const vendorOf = (model: Model): HttpVendor => (model === FIRST ? stage.replicate : stage.openai);
  const nameOf = (model: Model) => model.slice(0, model.indexOf('/'));
  const call = async (model: Model, more: object = {}): Promise<Outcome> =>
    (await stage.call(accountId, { model, ...more })).answer;
  const calls = (model: Model, times: number) =>
    Promise.all(Array.from({ length: times }, () => call(model)));
  const spent = async () => CREDITS - (await stage.server.admin.balance(accountId)).posted;
  const health = async (model: Model): Promise<Health> => {
    const { providers } = await stage.server.admin.ask<{ providers: Health[] }>(
      '{ providers { name configured sandbox circuit since until reason } }',
    );
    const found = providers.find(({ name }) => name === nameOf(model));
    if (!found) throw new Error(`No ${model} among ${JSON.stringify(providers)}`);
    return found;
  };
  const available = async (model: Model) => {
    const { catalog } = await stage.server.admin.ask<{ catalog: { model: string; available: boolean }[] }>(
      '{ catalog(operation: GENERATE_IMAGE) { model available } }',
    );
    return catalog.find((card) => card.model === model)?.available;
  };
  const availableThere = (model: Model) => other.catalog.model(model)?.available;
  /** How many paid POSTs a model's vendor gets meanwhile. */
  const submitsOf = async (model: Model, work: () => Promise<unknown>): Promise<number> => {
    const before = vendorOf(model).submits;
    await work();
    return vendorOf(model).submits - before;
  };
  const pauseIsOver = (model: Model) =>
    until('its pause is over', async () => (await health(model)).circuit !== 'OPEN');

  /** Lets as many calls fail as it takes. */
  const bringDown = async (model: Model) => {
    vendorOf(model).script(status(500), DOWN);
    for (const answer of await calls(model, FAILURES)) expect(answer).toMatchObject(UNAVAILABLE);
    expect((await health(model)).circuit).toBe('OPEN');
  };
  const expectNothingLeft = async () => {
    const open = () => stage.server.rows('SELECT provider FROM provider_circuit');
    await until('no circuit is written down as open', async () => (await open()).length === 0);
    expect(await stage.server.admin.balance(accountId)).toMatchObject({ reserved: 0 });
    await stage.server.expectSound();
  };

  beforeAll(async () => {
    stage = await openStage({
      kind,
      clock: systemClock,
      timeoutMs,
      thresholds: { failures: FAILURES, pauseMs },
    });
    other = await stage.server.another();
  });
  beforeEach(async () => {
    accountId = await stage.server.admin.account(CREDITS);
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  return {
    get stage() {
      return stage;
    },
    get other() {
      return other;
    },
    get accountId() {
      return accountId;
    },
    call,
    calls,
    spent,
    health,
    available,
    availableThere,
    vendorOf,
    nameOf,
    submitsOf,
    pauseIsOver,
    bringDown,
    expectNothingLeft,
  };
}

describeOnEachDatabase('a vendor that is down, with two processes', (kind) => {
  const processes = openProcesses(kind, PAUSE_MS);
  const {
    call,
    calls,
    spent,
    health,
    available,
    availableThere,
    vendorOf,
    nameOf,
    submitsOf,
    pauseIsOver,
    bringDown,
    expectNothingLeft,
  } = processes;

  /** Stops a vendor, so that connections are refused, and starts it again at the same address. */
  const stopped = async (model: Model) => {
    const { origin } = vendorOf(model);
    await vendorOf(model).close();
    return async () => {
      const port = Number(new URL(origin).port);
      const revived = await (model === FIRST ? startReplicateVendor({ port }) : startOpenAiVendor({ port }));
      Object.assign(processes.stage, { [nameOf(model)]: revived });
    };
  };
  const scripted = (fault: Parameters<HttpVendor['script']>[0]) => async (model: Model) => {
    vendorOf(model).script(fault, DOWN);
    return async () => vendorOf(model).heal();
  };
  const breaks: [string, Model, (model: Model) => Promise<() => Promise<void>>][] = [
    ['answers 500', FIRST, scripted(status(500))],
    ['answers 500', SECOND, scripted(status(500))],
    ['refuses connections', FIRST, stopped],
    ['never answers', SECOND, scripted(hang())],
  ];
  // What breaks is the vendor's, whatever the database.
  test.each(kind === 'pglite' ? breaks : breaks.slice(0, 1))(
    'and %s (%s) is left after five failed calls, costs nobody anything, and comes back when it works',
    async (_what, model, breakIt) => {
      const heal = await breakIt(model);
      for (const answer of await calls(model, FAILURES)) {
        expect(answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: MODELS[model].credits });
      }
      expect(await available(model)).toBe(false);
      await until('the other process knows', () => availableThere(model) === false, KNOWN_MS);

      const booked = await processes.stage.server.rows('SELECT 1 FROM generation');
      expect(
        await submitsOf(model, async () => {
          for (const answer of await calls(model, 5)) expect(answer).toMatchObject(UNAVAILABLE);
        }),
      ).toBe(0);
      expect(await processes.stage.server.rows('SELECT 1 FROM generation')).toHaveLength(booked.length);
      expect(await spent()).toBe(0);
      // Whoever does not name it is served by the next, at that one's price.
      const { answer } = await processes.stage.call(processes.accountId);
      const next = model === FIRST ? SECOND : FIRST;
      expect(answer).toMatchObject({
        status: 'SUCCEEDED',
        model: next,
        creditsCharged: MODELS[next].credits,
      });

      await heal();
      await pauseIsOver(model);
      expect(
        await submitsOf(model, async () =>
          expect(await call(model)).toMatchObject({
            status: 'SUCCEEDED',
            creditsCharged: MODELS[model].credits,
          }),
        ),
      ).toBe(1);
      expect(await available(model)).toBe(true);
      expect((await health(model)).circuit).toBe('CLOSED');
      await until(
        'the other process knows',
        () => processes.other.routing.health(nameOf(model)).circuit === 'CLOSED',
        KNOWN_MS,
      );
      expect(availableThere(model)).toBe(true);
      expect(await spent()).toBe(MODELS[FIRST].credits + MODELS[SECOND].credits);
      await expectNothingLeft();
    },
  );

  test('is left alone by a process that has just started, which tries it as carefully, for all', async () => {
    await bringDown(FIRST);
    const restarted = await processes.stage.server.another();
    expect(restarted.catalog.model(FIRST)?.available).toBe(false);
    expect(restarted.routing.health('replicate')).toMatchObject({
      circuit: 'OPEN',
      reason: expect.stringMatching(/500/),
    });
    const ask = async () => {
      const priced = await restarted.generations.price(
        { accountId: null, namespace: 'api' },
        'GENERATE_IMAGE',
        {
          accountId: processes.accountId.slice(4),
          idempotencyKey: unique('restarted'),
          prompt: 'A lighthouse',
          model: FIRST,
        },
      );
      if (priced.status !== 'priced') return priced.status;
      const reserved = await restarted.generations.reserve(priced.call);
      if ('refusal' in reserved) return reserved.refusal.kind;
      return (await restarted.generations.wait(reserved, 20_000)).status;
    };
    expect(await submitsOf(FIRST, async () => expect(await ask()).toBe('refused'))).toBe(0);
    await until('its pause is over', () => restarted.routing.health('replicate').circuit !== 'OPEN');
    // Still down: one call finds out, not five.
    expect(
      await submitsOf(FIRST, async () => {
        expect(await Promise.all([ask(), ask(), ask()])).toContain('FAILED');
        expect(await ask()).toBe('refused');
      }),
    ).toBe(1);
    processes.stage.replicate.heal();
    await until('its pause is over', () => restarted.routing.health('replicate').circuit !== 'OPEN');
    expect(await ask()).toBe('SUCCEEDED');
    await until('it is closed here too', async () => (await health(FIRST)).circuit === 'CLOSED', KNOWN_MS);
    for (const answer of await calls(FIRST, 2)) expect(answer).toMatchObject({ status: 'SUCCEEDED' });
    expect(await spent()).toBe(3 * MODELS[FIRST].credits);
    await expectNothingLeft();
  });

  test('is shown to operators, and is no reason for a balancer to send nothing', async () => {
    const gauge = async (model: Model) => {
      const text = await (await processes.stage.server.as(null).fetch('/metrics')).text();
      return new RegExp(`^solvent_provider_circuit_open\\{provider="${nameOf(model)}"\\} (\\d)$`, 'm').exec(
        text,
      )?.[1];
    };
    const ready = async () => {
      const response = await processes.stage.server.as(null).fetch('/health/ready');
      const body = (await response.json()) as { parts: { providers: object } };
      return { status: response.status, providers: body.parts.providers };
    };
    const CLOSED = {
      configured: true,
      sandbox: false,
      circuit: 'CLOSED',
      since: null,
      until: null,
      reason: null,
    };
    expect(await health(FIRST)).toEqual({ name: 'replicate', ...CLOSED });
    expect(await ready()).toMatchObject({ status: 200, providers: { status: 'ok', leftAlone: [] } });
    expect(await gauge(FIRST)).toBe('0');

    const from = Date.now();
    await bringDown(FIRST);
    const down = await health(FIRST);
    expect(down).toMatchObject({ name: 'replicate', configured: true, circuit: 'OPEN' });
    expect(down.reason).toMatch(/500/);
    const since = Date.parse(down.since ?? '');
    expect(since).toBeGreaterThanOrEqual(from);
    expect(Date.parse(down.until ?? '')).toBe(since + PAUSE_MS);
    expect(await health(SECOND)).toEqual({ name: 'openai', ...CLOSED });
    expect(await ready()).toMatchObject({
      status: 200,
      providers: { status: 'ok', leftAlone: ['replicate'] },
    });
    expect([await gauge(FIRST), await gauge(SECOND)]).toEqual(['1', '0']);

    processes.stage.replicate.heal();
    await pauseIsOver(FIRST);
    expect(await call(FIRST)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await health(FIRST)).toEqual({ name: 'replicate', ...CLOSED });
    expect(await ready()).toMatchObject({ providers: { leftAlone: [] } });
    expect(await gauge(FIRST)).toBe('0');
    await expectNothingLeft();
  });
});

describe('a vendor that is down', () => {
  const processes = openProcesses('pglite', SHORT_MS, 10_000);
  const { call, calls, spent, health, available, submitsOf, pauseIsOver, bringDown, expectNothingLeft } =
    processes;

  test('is tried by one call alone once its pause is over, and the others do not wait for that one', async () => {
    await bringDown(FIRST);
    processes.stage.replicate.heal();
    await pauseIsOver(FIRST);
    processes.stage.replicate.script(slow(400));
    const arrived = processes.stage.replicate.arrived();
    const trial = call(FIRST);
    await arrived;
    expect((await health(FIRST)).circuit).toBe('HALF_OPEN');
    expect(await available(FIRST)).toBe(false);
    expect(
      await submitsOf(FIRST, async () => {
        for (const answer of await calls(FIRST, 8)) expect(answer).toMatchObject(UNAVAILABLE);
      }),
    ).toBe(0);
    expect(await trial).toMatchObject({ status: 'SUCCEEDED' });
    for (const answer of await calls(FIRST, 3)) expect(answer).toMatchObject({ status: 'SUCCEEDED' });
    expect(await spent()).toBe(4 * MODELS[FIRST].credits);
    await expectNothingLeft();
  });

  test('is left alone again when that call fails, for as long, and since the same time', async () => {
    await bringDown(FIRST);
    const before = await health(FIRST);
    await pauseIsOver(FIRST);
    expect(await health(FIRST)).toEqual({ ...before, circuit: 'HALF_OPEN' });
    expect(
      await submitsOf(FIRST, async () => {
        for (const _ of Array(4)) expect(await call(FIRST)).toMatchObject(UNAVAILABLE);
      }),
    ).toBe(1);
    const after = await health(FIRST);
    expect(after).toMatchObject({ circuit: 'OPEN', since: before.since });
    expect(Date.parse(after.until ?? '')).toBeGreaterThanOrEqual(Date.parse(before.until ?? '') + SHORT_MS);
    processes.stage.replicate.heal();
    await pauseIsOver(FIRST);
    expect(await call(FIRST)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await spent()).toBe(MODELS[FIRST].credits);
    await expectNothingLeft();
  });

  test('is still to be tried when that call says nothing of it: the next one tries it', async () => {
    await bringDown(SECOND);
    await pauseIsOver(SECOND);
    const before = await health(SECOND);
    processes.stage.openai.heal();
    processes.stage.openai.refuse(1);
    expect(await call(SECOND)).toMatchObject({ code: 'CONTENT_REFUSED' });
    expect(await health(SECOND)).toEqual({ ...before, circuit: 'HALF_OPEN' });
    processes.stage.openai.script(status(500), DOWN);
    expect(
      await submitsOf(SECOND, async () => {
        for (const _ of Array(3)) expect(await call(SECOND)).toMatchObject(UNAVAILABLE);
      }),
    ).toBe(1);
    expect((await health(SECOND)).circuit).toBe('OPEN');
    processes.stage.openai.heal();
    await pauseIsOver(SECOND);
    expect(await call(SECOND)).toMatchObject({ status: 'SUCCEEDED' });
    await expectNothingLeft();
  });

  test.each<[string, (times: number) => Promise<Outcome[]>, string]>([
    [
      'refused content',
      (times) => {
        processes.stage.openai.refuse(times);
        return calls(SECOND, times);
      },
      'CONTENT_REFUSED',
    ],
    [
      'arguments that cannot be',
      (times) => {
        processes.stage.openai.script(status(400), { times });
        return calls(SECOND, times);
      },
      'INVALID_INPUT',
    ],
    [
      'a customer’s empty balance',
      async (times) => {
        const poor = await processes.stage.server.admin.account(1);
        return Promise.all(
          Array.from(
            { length: times },
            async () => (await processes.stage.call(poor, { model: SECOND })).answer,
          ),
        );
      },
      'INSUFFICIENT_CREDITS',
    ],
  ])('is told from %s, which never has a vendor left alone, however often', async (_what, ask, code) => {
    for (const answer of await ask(4 * FAILURES)) expect(answer).toMatchObject({ code });
    expect((await health(SECOND)).circuit).toBe('CLOSED');
    expect(await call(SECOND)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await spent()).toBe(MODELS[SECOND].credits);
    // Nor does it count as a sign of life between failures.
    processes.stage.openai.script(status(500), { times: FAILURES - 1 });
    for (const answer of await calls(SECOND, FAILURES - 1)) expect(answer).toMatchObject(UNAVAILABLE);
    for (const answer of await ask(3)) expect(answer).toMatchObject({ code });
    expect((await health(SECOND)).circuit).toBe('CLOSED');
    processes.stage.openai.script(status(500));
    expect(await call(SECOND)).toMatchObject(UNAVAILABLE);
    expect((await health(SECOND)).circuit).toBe('OPEN');
    await pauseIsOver(SECOND);
    expect(await call(SECOND)).toMatchObject({ status: 'SUCCEEDED' });
    await expectNothingLeft();
  });
});
