/**
 * A server whose pictures come from three vendors on the loopback interface, with a catalogue of its own: one model
 * each, so that whose turn it is depends on nothing but the costs that are written here.
 */
import { FakeClock } from '../../server/clock.ts';
import type { Micros } from '../../server/money.ts';
import { createHuggingFace } from '../../server/providers/huggingface.ts';
import { createOpenAi } from '../../server/providers/openai.ts';
import type { Provider } from '../../server/providers/provider.ts';
import { createReplicate } from '../../server/providers/replicate.ts';
import { addCost, addModel, addPrice } from '../catalog/fixture.ts';
import { GENERATE_IMAGE, type GenerateOptions, type Outcome, unique } from '../support/client.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import type { HttpVendor } from '../support/vendors/http-vendor.ts';
import { startHuggingFaceVendor } from '../support/vendors/huggingface.ts';
import { type OpenAiVendor, startOpenAiVendor } from '../support/vendors/openai.ts';
import { type ReplicateVendor, startReplicateVendor, WEBHOOK_SECRET } from '../support/vendors/replicate.ts';

const KEY = 'sk-proj-Zq7Routing0123456789abcdefABCDEF';
const SIZE = '1024x1024';

/** A model of the stage. Its vendor tells no cost, unless it is `openai/tokens`. */
interface StageModel {
  readonly vendorModel: string;
  readonly quality: number;
  readonly cost: Micros;
  readonly credits: number;
}

/**
 * Ten credits earn ten cents at the least, of which MIN_MARGIN leaves eight. Those of quality 8 are for requests that ask
 * for it: `tokens` is billed by its tokens, and costs more than its credits earn less the margin; `close` costs the same.
 */
export const MODELS = {
  'replicate/first': {
    vendorModel: 'stability-ai/sdxl:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b',
    quality: 5,
    cost: 10_000n,
    credits: 10,
  },
  'openai/second': { vendorModel: 'gpt-image-next', quality: 5, cost: 20_000n, credits: 15 },
  'huggingface/third': {
    vendorModel: 'black-forest-labs/FLUX.1-schnell',
    quality: 5,
    cost: 40_000n,
    credits: 20,
  },
  'openai/tokens': { vendorModel: 'gpt-image-2', quality: 8, cost: 53_000n, credits: 6 },
  'replicate/close': { vendorModel: 'black-forest-labs/close', quality: 8, cost: 53_000n, credits: 9 },
} satisfies Record<string, StageModel>;

/** What is in the present windows of the budgets of a day: of a provider by its name, of all as `GLOBAL`. */
export type Windows = Record<string, { spent: bigint; reserved: bigint; excess: bigint }>;

export interface BookedAttempt {
  readonly number: number;
  readonly provider: string;
  readonly outcome: string;
  readonly costMicros: bigint;
  readonly costSource: string;
}

export interface Stage extends AsyncDisposable {
  readonly server: TestServer;
  readonly clock: FakeClock;
  readonly openai: OpenAiVendor;
  readonly replicate: ReplicateVendor;
  readonly huggingface: HttpVendor;
  /** The providers that call them, for another process. */
  readonly providers: readonly Provider[];
  /** How many paid POSTs each vendor got since the last call of this. */
  submits(): { replicate: number; openai: number; huggingface: number };
  /** Asks for a picture, and gives the answer with the generation that was made for it. */
  call(accountId: string, options?: GenerateOptions): Promise<{ answer: Outcome; id: string }>;
  /** The generation that an idempotency key has made, as the database calls it. */
  idOf(key: string): Promise<string>;
  attempts(id: string): Promise<BookedAttempt[]>;
  windows(): Promise<Windows>;
  /** Changes the price of a model for everybody from now on. */
  reprice(model: keyof typeof MODELS, credits: number): Promise<void>;
}

/** Starts it. Prices are in the list `tokens`, a credit of which sells for a cent. */
export async function openStage(options: TestServerOptions & { timeoutMs?: number } = {}): Promise<Stage> {
  const { timeoutMs = 10_000, ...more } = options;
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  const openai = await startOpenAiVendor({ apiKey: KEY });
  const replicate = await startReplicateVendor({ apiToken: KEY, maxHoldMs: 20 });
  const huggingface = await startHuggingFaceVendor({ apiToken: KEY });
  const providers = [
    createReplicate({
      apiToken: KEY,
      baseUrl: replicate.url,
      timeoutMs,
      waitSeconds: 1,
      webhookSecret: WEBHOOK_SECRET,
    }),
    createOpenAi({ apiKey: KEY, baseUrl: openai.url, timeoutMs }),
    createHuggingFace({ apiToken: KEY, baseUrl: huggingface.origin, timeoutMs }),
    ...(options.providers ?? []),
  ];
  const server = await startTestServer({
    clock,
    ...more,
    providers,
    env: { SANDBOX: 'off', ALLOW_PRIVATE_URLS: 'on', ...options.env },
  });
  const { database } = server.core;
  // Retired rather than without a price: a process that starts gives shipped models back what they lack.
  await server.rows(`UPDATE catalog_model SET retires_at = '2025-01-02' WHERE operation = 'GENERATE_IMAGE'`);
  for (const [id, { vendorModel, quality, cost, credits }] of Object.entries(MODELS)) {
    await addModel(database, id, { operation: 'GENERATE_IMAGE', vendorModel, quality, sizes: [SIZE] });
    await addCost(database, id, cost);
    await addPrice(database, id, credits);
  }
  await server.core.catalog.refresh();

  const counts = () => ({
    replicate: replicate.submits,
    openai: openai.submits,
    huggingface: huggingface.submits,
  });
  let before = counts();
  const idOf = async (key: string) => {
    const [row] = await server.rows<{ id: string }>(
      'SELECT result_id AS id FROM idempotency_record WHERE key = $1',
      [key],
    );
    return row?.id ?? '';
  };
  return {
    server,
    clock,
    openai,
    replicate,
    huggingface,
    providers,
    submits() {
      const now = counts();
      const since = {
        replicate: now.replicate - before.replicate,
        openai: now.openai - before.openai,
        huggingface: now.huggingface - before.huggingface,
      };
      before = now;
      return since;
    },
    async call(accountId, given = {}) {
      const idempotencyKey = given.idempotencyKey ?? unique('routed');
      const input = { accountId, prompt: 'A lighthouse', size: SIZE, waitMs: 20_000, ...given };
      const answer = await server.admin.send<{ generateImage: Outcome }>(GENERATE_IMAGE, {
        input: { ...input, idempotencyKey },
      });
      if (!answer.data?.generateImage) throw new Error(answer.text);
      return { answer: answer.data.generateImage, id: await idOf(idempotencyKey) };
    },
    idOf,
    attempts: (id) =>
      server.rows(
        `SELECT number, provider, outcome, cost_micros AS "costMicros", cost_source AS "costSource" FROM attempt
        WHERE generation_id = $1 ORDER BY number`,
        [id],
      ),
    async windows() {
      const rows = await server.rows<{ name: string; spent: bigint; reserved: bigint; excess: bigint }>(
        `SELECT CASE b.scope WHEN 'GLOBAL' THEN 'GLOBAL' ELSE b.subject END AS name, w.spent_micros AS spent,
          w.reserved_micros AS reserved, w.excess_micros AS excess
        FROM budget_window w JOIN budget b ON b.id = w.budget_id WHERE b.period = 'DAY'`,
      );
      return Object.fromEntries(rows.map(({ name, ...window }) => [name, window]));
    },
    async reprice(model, credits) {
      await server.rows('UPDATE model_price SET credits = $2 WHERE model_id = $1', [model, credits]);
      await server.core.catalog.refresh();
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await Promise.all([openai.close(), replicate.close(), huggingface.close()]);
    },
  };
}
