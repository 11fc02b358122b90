/**
 * OpenAI's Batch API: a file of requests, of which each is carried out within 24 hours for half the price.
 *
 * Source of the price: "Each model will be offered at 50% cost discount vs. the synchronous APIs" (OpenAI's Batch API FAQ,
 * help.openai.com/en/articles/9197833); that it holds for gpt-image-2 and `/v1/images/generations` is second-hand
 * (headsupai.io and hivebook.wiki, 2026). Which models can be batched is the vendor's to say: a batch with another one
 * fails before anything is made.
 *
 * A batch goes out in two requests: the file, which costs nothing, and then the batch, which may. A job's id holds all that
 * is needed to find its result again: which line of which batch it is, of which model, and whether it is alone in it.
 *
 * The life of a batch, and what it means for each generation in it (the bill by the same FAQ: when a batch expires, "any
 * already completed work is returned" and charged):
 *
 * | status | generation |
 * | --- | --- |
 * | `validating`, `in_progress`, `finalizing`, `cancelling` | runs |
 * | `failed` | failed, not billed: the file was turned away as a whole |
 * | `completed` | as its line in the output file or in the error file says; without one nobody knows |
 * | `expired`, `cancelled` | as its line says; without one it was not carried out, and is not billed |
 */
import type OpenAI from 'openai';
import type { ImageGenerateParamsNonStreaming } from 'openai/resources/images';
import { divideUp } from '../money.ts';
import { BROKEN, BUSY, type Failures, MISCONFIGURED, UNKNOWN_JOB, type Verdict } from './failure.ts';
import type { Heard, Unheard } from './heard.ts';
import { stoppedAs } from './jobs.ts';
import { listOf, memberOf, parseJson, textOf } from './json.ts';
import type {
  BatchSubmits,
  CancelResult,
  Provider,
  ProviderFailure,
  ProviderRunning,
  SubmitRequest,
  SubmitResult,
} from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { inTime, NEVER, Shared } from './shared.ts';

/** What openai.ts knows of OpenAI's images, whichever way they are asked for. */
export interface OpenAiImages {
  /** Makes one request by the SDK, with these options for it. */
  ask<Answer>(
    signal: AbortSignal,
    call: (client: OpenAI, options: OpenAI.RequestOptions) => Promise<Answer | undefined>,
  ): Promise<Heard<Answer>>;
  /** What goes on the wire, or a sentence that says why nothing does. */
  paramsOf(submit: SubmitRequest): ImageGenerateParamsNonStreaming | string;
  /** What an answer to it means, at the full price; undefined for one that is none. */
  readAnswer(answer: unknown, vendorModel: string): SubmitResult | undefined;
  readonly terms: RefusalTerms;
  readonly failures: Failures;
}

/** Batches of OpenAI's images. */
export interface OpenAiBatch extends BatchSubmits, Pick<Provider, 'check' | 'cancel'> {
  /** Whether a job's id is one of a batch. */
  owns(jobId: string): boolean;
}

/**
 * Results come in one file, which is read into memory whole. The largest picture that is sold has 1536 x 1024 pixels: 6.3 MB
 * if nothing in it can be compressed, 8.4 MB in base64. 25 of them are 210 MB, below the 256 MB of the longest answer that
 * wire.ts reads.
 */
const MAX_ITEMS = 25;
/** The window of 24 hours, and time to finalise and to be asked after. */
const DEADLINE_MS = 25 * 60 * 60_000;
const POLL_MS = 60_000;
/** When to ask again while the file of results is on its way. */
const FILE_POLL_MS = 5_000;
const QUESTION_MS = 15_000;
/** Files of results are kept for those who ask for their part of it next. */
const FILES_KEPT = 2;
const FILE_KEPT_MS = 60_000;
/** The file of requests is of no use once the batch has ended; without an end of its own it would stay for 30 days. */
const REQUESTS_KEPT_SECONDS = 2 * 24 * 60 * 60;

/** Makes the batches of one provider. */
export function createOpenAiBatch(images: OpenAiImages): OpenAiBatch {
  const { ask, failures } = images;
  const replies = createReplies(failures, { ...images.terms, pollMs: POLL_MS });
  const questions = new Shared<OpenAI.Batch>();
  const files = new Shared<Buffer>(FILES_KEPT, FILE_KEPT_MS);

  const running = (jobId: string, more: Partial<ProviderRunning> = {}): ProviderRunning => ({
    status: 'running',
    jobId,
    pollAfterMs: POLL_MS,
    deadlineMs: DEADLINE_MS,
    ...more,
  });

  function unanswered(jobId: string, heard: Unheard): ProviderRunning | ProviderFailure {
    const reply = replies.unanswered(heard, jobId);
    return reply.status === 'running' ? { ...reply, deadlineMs: DEADLINE_MS } : reply;
  }

  const batchOf = (batchId: string) =>
    questions.get(batchId, () =>
      ask(AbortSignal.timeout(QUESTION_MS), async (client, options) => {
        const batch = await client.batches.retrieve(batchId, options);
        return textOf(memberOf(batch, 'status')) === undefined ? undefined : batch;
      }),
    );

  /** A file, with a deadline of its own: who gives it up after a few seconds finds it here when asking again. */
  const fileOf = (fileId: string) =>
    files.get(fileId, () =>
      ask(NEVER, async (client, options) => {
        const response = await client.files.content(fileId, options);
        return Buffer.from(await response.arrayBuffer());
      }),
    );

  /** What became of a job in a batch that has ended. */
  async function resultOf(job: Job, batch: OpenAI.Batch, signal: AbortSignal): Promise<SubmitResult> {
    const { jobId } = job;
    for (const fileId of [batch.output_file_id, batch.error_file_id]) {
      if (!fileId) continue;
      const asked = await inTime(fileOf(fileId), signal);
      if (asked === null) {
        const detail = `File ${fileId} of batch ${batch.id} is still being read.`;
        return running(jobId, { pollAfterMs: FILE_POLL_MS, detail });
      }
      if (!('answer' in asked)) return unanswered(jobId, asked);
      const line = lineOf(asked.answer, job.customId);
      if (line !== undefined) return { ...readLine(line, job), jobId };
    }
    const detail = `Batch ${batch.id} is ${batch.status} and has no line for ${job.customId}.`;
    return failures.make(batch.status === 'completed' ? BROKEN : NOT_REACHED, detail, { jobId });
  }

  function readLine(line: unknown, job: Job): SubmitResult {
    const status = memberOf(line, 'response', 'status_code');
    if (typeof status !== 'number') {
      const code = textOf(memberOf(line, 'error', 'code')) ?? 'no code';
      const words = textOf(memberOf(line, 'error', 'message')) ?? 'no reason given';
      return failures.make(LINE_ERRORS[code] ?? BROKEN, `${code}: ${words}`);
    }
    const body = memberOf(line, 'response', 'body');
    const result = status === 200 ? images.readAnswer(body, job.vendorModel) : undefined;
    if (result === undefined) {
      const text = JSON.stringify(body) ?? '';
      return replies.failure({ refusal: { status, headers: new Headers(), text, body } });
    }
    if (result.status === 'running' || result.costMicros == null) return result;
    return { ...result, costMicros: divideUp(result.costMicros, 2n) };
  }

  async function check(jobId: string, signal: AbortSignal): Promise<SubmitResult> {
    const job = readJobId(jobId);
    if (!job) return failures.make(UNKNOWN_JOB, `"${jobId}" is no job of a batch.`, { jobId });
    const asked = await inTime(batchOf(job.batchId), signal);
    if (asked === null) return running(jobId, { detail: 'OpenAI did not say in time how the batch is.' });
    if (!('answer' in asked)) return unanswered(jobId, asked);
    const batch = asked.answer;
    switch (batch.status) {
      case 'completed':
      case 'expired':
      case 'cancelled':
        return resultOf(job, batch, signal);
      case 'failed': {
        const { verdict, detail } = readRejection(batch);
        return failures.make(verdict, detail, { jobId });
      }
      default: {
        // `validating`, `in_progress`, `finalizing`, `cancelling`, and whatever may be added that has not ended.
        const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
        return running(jobId, total > 0 ? { progress: Math.min(1, (completed + failed) / total) } : {});
      }
    }
  }

  return {
    maxItems: MAX_ITEMS,
    owns: (jobId) => readJobId(jobId) !== null,
    check,

    async submit(submits) {
      const asked = submits.map((submit) => ({ submit, params: images.paramsOf(submit) }));
      const lines = asked.flatMap(({ submit, params }) =>
        typeof params === 'string' ? [] : [JSON.stringify(requestOf(submit, params))],
      );
      const answer = await send(lines, AbortSignal.any(submits.map(({ signal }) => signal)));
      return asked.map(({ submit, params }): SubmitResult => {
        if (typeof params === 'string') return failures.unsent(params);
        return 'batchId' in answer ? running(jobIdOf(submit, lines.length, answer.batchId)) : answer;
      });
    },

    /**
     * A batch is stopped as a whole or not at all, and the others in it are somebody else's. Of one that has begun to stop
     * nobody can say yet what it will have made: what is asked after it tells that, and what it costs.
     */
    async cancel(jobId, signal): Promise<CancelResult> {
      const job = readJobId(jobId);
      if (!job) return { status: 'goes-on', detail: `"${failures.explain(jobId)}" is no job of a batch.` };
      if (job.items > 1) {
        const detail = `It is one of ${job.items} in batch ${job.batchId}, which can only be stopped whole.`;
        return { status: 'goes-on', detail };
      }
      const asked = await ask(signal, (client, options) => client.batches.cancel(job.batchId, options));
      if (!('answer' in asked)) return replies.goesOn(asked);
      const known = await check(jobId, signal);
      if (known.status !== 'running') return stoppedAs(jobId, known);
      return { status: 'goes-on', detail: `Batch ${job.batchId} is being stopped, which may take minutes.` };
    },
  };

  /** Puts a batch on the wire: its file, and then itself. */
  async function send(
    lines: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly batchId: string } | ProviderFailure> {
    if (lines.length === 0) return failures.unsent('Nothing is left to be sent.');
    const file = new File([`${lines.join('\n')}\n`], 'requests.jsonl', { type: 'application/jsonl' });
    const uploaded = await ask(signal, async (client, options) => {
      const params = {
        file,
        purpose: 'batch',
        expires_after: { anchor: 'created_at', seconds: REQUESTS_KEPT_SECONDS },
      } as const;
      return textOf(memberOf(await client.files.create(params, options), 'id'));
    });
    // A file by itself is never billed, whatever has become of it.
    if (!('answer' in uploaded)) return { ...replies.failure(uploaded), billed: 'no' };
    const created = await ask(signal, async (client, options) => {
      const params = {
        input_file_id: uploaded.answer,
        endpoint: ENDPOINT,
        completion_window: '24h',
      } as const;
      return textOf(memberOf(await client.batches.create(params, options), 'id'));
    });
    return 'answer' in created ? { batchId: created.answer } : replies.failure(created);
  }
}

const ENDPOINT = '/v1/images/generations';

// ------------------------------------------------------------------------------------------------------- jobs

/** A line of a batch. */
interface Job {
  readonly jobId: string;
  readonly customId: string;
  /** Lines of the whole batch. */
  readonly items: number;
  readonly vendorModel: string;
  readonly batchId: string;
}

function requestOf({ generationId }: SubmitRequest, params: ImageGenerateParamsNonStreaming) {
  return { custom_id: generationId, method: 'POST', url: ENDPOINT, body: params };
}

function jobIdOf({ generationId, vendorModel }: SubmitRequest, items: number, batch: string): string {
  return new URLSearchParams({ batch, line: generationId, items: `${items}`, model: vendorModel }).toString();
}

function readJobId(jobId: string): Job | null {
  const members = new URLSearchParams(jobId);
  const [batchId, customId, items, vendorModel] = ['batch', 'line', 'items', 'model'].map((name) =>
    members.get(name),
  );
  if (!batchId || !customId || !items || !vendorModel) return null;
  return { jobId, customId, items: Number(items), vendorModel, batchId };
}

// ------------------------------------------------------------------------------------------------------ files

const NEW_LINE = 10;

/** The line of a JSONL file with this custom id. Each may have megabytes: only those that name it are parsed. */
function lineOf(file: Buffer, customId: string): unknown {
  for (let at = file.indexOf(customId); at >= 0; at = file.indexOf(customId, at + 1)) {
    const end = file.indexOf(NEW_LINE, at);
    const bytes = file.subarray(file.lastIndexOf(NEW_LINE, at) + 1, end < 0 ? file.length : end);
    const line = parseJson(bytes.toString('utf8'));
    if (memberOf(line, 'custom_id') === customId) return line;
  }
  return undefined;
}

// --------------------------------------------------------------------------------------------------- failures

/** The batch ended before it came to this one. */
const NOT_REACHED: Verdict = {
  ...BROKEN,
  billed: 'no',
  message: 'The provider did not come to make this in time.',
};

/** What an error in the place of a response means (the API's reference, BatchRequestOutputError). */
const LINE_ERRORS: Readonly<Record<string, Verdict>> = {
  batch_expired: NOT_REACHED,
  batch_cancelled: NOT_REACHED,
  // "The underlying call to the model timed out": it may have made something.
  request_timeout: BROKEN,
};

/** Why a batch was turned away as a whole: too much is waiting already, or it is the operator's affair. */
function readRejection(batch: OpenAI.Batch): { verdict: Verdict; detail: string } {
  const errors = listOf(batch.errors?.data) as readonly OpenAI.BatchError[];
  const isFull = errors.some(
    ({ code }) => code === 'token_limit_exceeded' || code === 'request_limit_exceeded',
  );
  const words = errors.map(({ code, message, line }) =>
    [code, line && `line ${line}`, message].filter(Boolean).join(' '),
  );
  return {
    verdict: isFull ? BUSY : MISCONFIGURED,
    detail: `Batch ${batch.id} failed: ${words.join('; ') || 'no reason given'}`,
  };
}
