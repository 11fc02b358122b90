/**
 * A server with the vendors whose calls become jobs, and what leads one generation through its life: asking for it as a
 * customer does, what the vendor makes of it, the question after it, the report of it, and what is in the books.
 *
 * Questions are asked when a test says so, and not by the clock: see {@link Begun.poll}.
 */
import { expect } from 'vitest';
import type { Provider, SubmitResult, WebhookDelivery } from '../../server/providers/index.ts';
import type { ProviderHarness, ProviderSession } from '../contracts/harness.ts';
import { deepImage } from '../contracts/vendors/deep-image.ts';
import { elevenlabs } from '../contracts/vendors/elevenlabs.ts';
import { LUMA_REQUEST, luma } from '../contracts/vendors/luma.ts';
import { midjourney } from '../contracts/vendors/midjourney.ts';
import { pika } from '../contracts/vendors/pika.ts';
import { FLUX, replicate } from '../contracts/vendors/replicate.ts';
import { RUNWAY_INPUT, runway } from '../contracts/vendors/runway.ts';
import { GENERATION, type Outcome, unique } from '../support/client.ts';
import { startTestServer, type TestServer, type TestServerOptions, until } from '../support/server.ts';
import { FILM_SECONDS } from '../support/vendors/elevenlabs.ts';
import type { Answer, HttpVendor } from '../support/vendors/http-vendor.ts';
import { mp4 } from '../support/vendors/mp4.ts';

/** A vendor with jobs, what is asked of it, and what the catalogue says of that. */
export interface JobVendor {
  readonly name: string;
  readonly harness: ProviderHarness;
  readonly mutation: 'generateImage' | 'generateVideo' | 'upscaleImage' | 'dubVideo';
  /** The mutation's input, but for whose it is and under which key. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly credits: number;
  /** What the catalogue says that it costs. */
  readonly ceilingMicros: bigint;
  /** What Solvent calls the job that an answer to a submit names. */
  jobIdOf(answer: Answer): string;
}

const member = (name: string) => (answer: Answer) => String((answer.body as Record<string, unknown>)[name]);

const DUB_INPUT = {
  url: 'https://example.com/film.mp4',
  bytes: mp4(FILM_SECONDS),
  contentType: 'video/mp4',
  durationSeconds: FILM_SECONDS,
};

/** Every vendor with jobs. */
export const JOB_VENDORS = {
  replicate: {
    name: 'replicate',
    harness: replicate(FLUX, true),
    mutation: 'generateImage',
    input: { prompt: 'A lighthouse of glass', model: 'replicate/flux-schnell' },
    credits: 1,
    ceilingMicros: 3_000n,
    jobIdOf: member('id'),
  },
  midjourney: {
    name: 'midjourney',
    harness: midjourney,
    mutation: 'generateImage',
    input: { prompt: 'A lighthouse of glass', model: 'midjourney/imagine' },
    credits: 8,
    ceilingMicros: 40_000n,
    jobIdOf: member('id'),
  },
  'deep-image': {
    name: 'deep-image',
    harness: deepImage,
    mutation: 'upscaleImage',
    input: { imageUrl: deepImage.request.imageUrl, model: 'deep-image/upscale' },
    credits: 16,
    ceilingMicros: 80_000n,
    jobIdOf: member('job'),
  },
  luma: {
    name: 'luma',
    harness: luma,
    mutation: 'generateVideo',
    input: {
      prompt: LUMA_REQUEST.prompt,
      model: 'luma/ray-2',
      durationSeconds: 5,
      aspectRatio: LUMA_REQUEST.aspectRatio,
    },
    credits: 120,
    ceilingMicros: 710_000n,
    jobIdOf: member('id'),
  },
  pika: {
    name: 'pika',
    harness: pika(),
    mutation: 'generateVideo',
    input: { prompt: 'A lighthouse of glass', model: 'pika/v2.2', durationSeconds: 5, aspectRatio: '16:9' },
    credits: 35,
    ceilingMicros: 200_000n,
    jobIdOf: (answer) => `fal-ai/pika/${member('request_id')(answer)}`,
  },
  runway: {
    name: 'runway',
    harness: runway,
    mutation: 'generateVideo',
    input: {
      prompt: 'The light of the lighthouse turns',
      imageUrl: RUNWAY_INPUT.url,
      model: 'runway/gen4_turbo',
      durationSeconds: 5,
      aspectRatio: '16:9',
    },
    credits: 30,
    ceilingMicros: 250_000n,
    jobIdOf: member('id'),
  },
  elevenlabs: {
    name: 'elevenlabs',
    harness: elevenlabs,
    mutation: 'dubVideo',
    input: {
      videoUrl: DUB_INPUT.url,
      targetLanguage: 'es',
      // Three begun minutes.
      durationSeconds: Math.ceil(FILM_SECONDS),
      model: 'elevenlabs/dubbing',
    },
    credits: 165,
    ceilingMicros: 990_000n,
    jobIdOf: (answer) => `${member('dubbing_id')(answer)}:es`,
  },
} as const satisfies Record<string, JobVendor>;

/** Real files, by the addresses that the requests name. */
const INPUTS = new Map([RUNWAY_INPUT, deepImage.input, DUB_INPUT].map((file) => [file?.url, file]));

/** The longest that the vendors' pauses between two questions are stretched to: no test lasts so long. */
const HOUR_MS = 3_600_000;

export const CREDITS = 1_000;

/** The answer to a report. */
export interface Reported {
  readonly status: number;
  /** What was wrong, of one that was refused. */
  readonly reason: string | undefined;
}

/** A generation that was asked for. */
export interface Begun {
  /** As customers know it. */
  readonly id: string;
  /** As the database does. */
  readonly uuid: string;
  readonly accountId: string;
  /** The mutation's answer. */
  readonly answer: Outcome;
  /** Waits until its job is known, and says what it is called. */
  job(): Promise<string>;
  /** Asks the vendor after its job now, and waits until what follows from that is done. */
  poll(): Promise<void>;
  /** Waits until no step of it is under way or due in this server. */
  idle(): Promise<void>;
  status(): Promise<string | undefined>;
  cancel(): Promise<Outcome>;
  /** All rows that are about it, to be compared: whatever is booked twice shows. */
  books(): Promise<unknown>;
  attempts(): Promise<readonly BookedAttempt[]>;
  /** That the credits are back, or were charged, once. */
  expectBalance(charged: number): Promise<void>;
}

export interface BookedAttempt {
  readonly number: number;
  readonly provider: string;
  readonly outcome: string;
  readonly costMicros: bigint;
  readonly costSource: string;
}

/** A vendor on that server. */
export interface VendorStage extends JobVendor {
  readonly session: ProviderSession;
  readonly jobs: NonNullable<ProviderSession['jobs']>;
  readonly vendor: HttpVendor;
  /** How long its jobs may take; as the vendor's own provider has it when undefined. */
  jobTimeoutMs: number | undefined;
  /** Asks for what it makes, under a new account and key. */
  begin(more?: Readonly<Record<string, unknown>>): Promise<Begun>;
  /** Where the vendor was told to report the newest job that it was asked for, by itself and not by us. */
  address(): string;
  /** What the vendor would report of a job now, or at another time. */
  delivery(jobId: string, at?: Date): Promise<WebhookDelivery>;
}

/** Vendors, and a server that calls them. */
export interface JobStage extends AsyncDisposable {
  readonly server: TestServer;
  of(name: keyof typeof JOB_VENDORS): VendorStage;
}

/** Opens it. The server tells vendors to report to it. */
export async function openJobStage(
  names: readonly (keyof typeof JOB_VENDORS)[],
  options: TestServerOptions = {},
): Promise<JobStage> {
  const stages = new Map<string, VendorStage>();
  const providers: Provider[] = [];
  for (const name of names) {
    const session = await JOB_VENDORS[name].harness.start();
    const stage = vendorStage(JOB_VENDORS[name], session, () => server);
    stages.set(name, stage);
    providers.push(unhurried(session.provider, () => stage.jobTimeoutMs));
  }
  const server = await startTestServer({
    providers,
    reachable: true,
    fetchInput: async (url) => {
      const file = INPUTS.get(url);
      return file ? { file } : { problem: 'There is no such file.' };
    },
    ...options,
    env: { SANDBOX: 'off', ALLOW_PRIVATE_URLS: 'on', ...options.env },
  });
  return {
    server,
    of(name) {
      const stage = stages.get(name);
      if (!stage) throw new Error(`The stage was opened without ${name}.`);
      return stage;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      for (const { session } of stages.values()) await session[Symbol.asyncDispose]();
    },
  };
}

/** The same provider, but nobody asks after its jobs by the clock. */
function unhurried(provider: Provider, jobTimeoutMs: () => number | undefined): Provider {
  const late = (result: SubmitResult): SubmitResult =>
    result.status === 'running' ? { ...result, pollAfterMs: HOUR_MS } : result;
  return {
    ...provider,
    get jobTimeoutMs() {
      return jobTimeoutMs() ?? provider.jobTimeoutMs;
    },
    submit: async (submit) => late(await provider.submit(submit)),
    check: async (jobId, signal) => late(await provider.check(jobId, signal)),
  };
}

function vendorStage(vendor: JobVendor, session: ProviderSession, server: () => TestServer): VendorStage {
  const { jobs, wire, webhooks } = session;
  if (!jobs || !wire) throw new Error(`${vendor.name} has no jobs on a wire.`);
  const stage: VendorStage = {
    ...vendor,
    session,
    jobs,
    vendor: wire.vendor,
    jobTimeoutMs: undefined,
    async begin(more = {}) {
      jobs.arrange(vendor.harness.request);
      const { admin } = server();
      const accountId = await admin.account(CREDITS);
      const idempotencyKey = unique('job');
      const type = `${vendor.mutation[0]?.toUpperCase()}${vendor.mutation.slice(1)}Input`;
      const data = await admin.ask<Record<string, Outcome>>(
        `mutation ($input: ${type}!) { ${vendor.mutation}(input: $input) { ${GENERATION} } }`,
        { input: { waitMs: 0, ...vendor.input, idempotencyKey, accountId, ...more } },
      );
      const [row] = await server().rows<{ id: string }>(
        'SELECT result_id AS id FROM idempotency_record WHERE key = $1',
        [idempotencyKey],
      );
      const answer = data[vendor.mutation];
      if (!row || !answer) throw new Error(`Nothing was begun: ${JSON.stringify(data)}`);
      return begun(server(), row.id, accountId, answer);
    },
    address() {
      const submit = wire.vendor.hits.findLast(({ kind }) => kind === 'submit');
      // In the body or, escaped, in the path.
      const text = `${submit?.body} ${decodeURIComponent(submit?.path ?? '')}`;
      const found = /http:\/\/127\.0\.0\.1:\d+\/webhooks\/[\w-]+\?call=[\w.-]+/.exec(text)?.[0];
      if (!found) throw new Error(`${vendor.name} was told no address to report to.`);
      return found;
    },
    async delivery(jobId, at = server().core.clock.now()) {
      if (!webhooks) throw new Error(`${vendor.name} sends no reports.`);
      return webhooks.deliver(jobId, at);
    },
  };
  return stage;
}

function begun(server: TestServer, uuid: string, accountId: string, answer: Outcome): Begun {
  const read = async () => {
    const record = await server.core.generations.read(uuid);
    if (!record) throw new Error(`There is no generation ${uuid}.`);
    return record;
  };
  const self: Begun = {
    id: answer.id ?? '',
    uuid,
    accountId,
    answer,
    async job() {
      await until('its job is known', async () => (await read()).jobId !== null);
      await self.idle();
      return (await read()).jobId ?? '';
    },
    async poll() {
      await server.core.queue.hurry('check', uuid);
      await self.idle();
    },
    idle: () =>
      until('no step of it is under way', async () => {
        const steps = await server.rows(
          `SELECT 1 FROM pgboss.job WHERE data ->> 'generationId' = $1
            AND (state IN ('active', 'retry') OR (state = 'created' AND start_after <= now()))`,
          [uuid],
        );
        return steps.length === 0;
      }),
    status: async () => (await server.admin.generation(self.id))?.status,
    async cancel() {
      const { cancelGeneration } = await server.admin.ask<{ cancelGeneration: Outcome }>(
        `mutation ($id: ID!) { cancelGeneration(id: $id) { __typename ... on Generation { id status creditsCharged } } }`,
        { id: self.id },
      );
      return cancelGeneration;
    },
    async books() {
      const [row] = await server.rows<Record<string, unknown>>(
        `SELECT to_jsonb(g) AS generation, to_jsonb(r) AS reservation, to_jsonb(a) AS account,
          (SELECT jsonb_agg(t ORDER BY t.number) FROM attempt t WHERE t.generation_id = g.id) AS attempts,
          (SELECT jsonb_agg(o ORDER BY o.position) FROM output o WHERE o.generation_id = g.id) AS outputs,
          (SELECT jsonb_agg(e ORDER BY e.sequence) FROM entry e WHERE e.account_id = g.account_id) AS entries
        FROM generation g JOIN reservation r ON r.id = g.id JOIN account a ON a.id = g.account_id WHERE g.id = $1`,
        [uuid],
      );
      return row;
    },
    attempts: () =>
      server.rows(
        `SELECT number, provider, outcome, cost_micros AS "costMicros", cost_source AS "costSource"
        FROM attempt WHERE generation_id = $1 ORDER BY number`,
        [uuid],
      ),
    async expectBalance(charged) {
      const posted = CREDITS - charged;
      expect(await server.admin.balance(accountId)).toEqual({ available: posted, reserved: 0, posted });
    },
  };
  return self;
}

/** Sends a report to an address. */
export async function post(
  address: string,
  { headers, body }: Omit<WebhookDelivery, 'receivedAt'>,
): Promise<Reported> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(address, { method: 'POST', headers: given, body: Buffer.from(body) });
  const answer = (await response.json()) as { received?: boolean; errors?: { message: string }[] };
  if (response.status === 200) expect(answer).toEqual({ received: true });
  return { status: response.status, reason: answer.errors?.[0]?.message };
}

/** That a generation has succeeded, that its file can be fetched, and that it was charged and booked once. */
export async function expectDelivered(
  stage: VendorStage,
  generation: Begun,
  server: TestServer,
): Promise<void> {
  const { harness, credits, ceilingMicros } = stage;
  const done = await server.admin.generation(generation.id);
  expect(done).toMatchObject({ status: 'SUCCEEDED', creditsCharged: credits, failure: null });
  expect(done?.outputs).toHaveLength(1);
  const file = await fetch(done?.outputs?.[0]?.url ?? '');
  expect([file.status, file.headers.get('content-type')]).toEqual([200, harness.contentType ?? 'image/png']);
  expect((await file.bytes()).length).toBe(done?.outputs?.[0]?.bytes);
  const told = harness.costMicros(1);
  expect(await generation.attempts()).toEqual([
    {
      number: 1,
      provider: stage.name,
      outcome: 'SUCCEEDED',
      costMicros: told ?? ceilingMicros,
      costSource: told === null ? 'catalog' : 'vendor',
    },
  ]);
  await generation.expectBalance(credits);
}
