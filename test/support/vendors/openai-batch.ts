/**
 * OpenAI's Batch API on the loopback interface, as a part of openai.ts: a file of requests, the batch that carries it out, and
 * the files of results and errors. A batch runs until a test ends it.
 */
import { formOf } from './form.ts';
import type { Answer, Hit, Kind } from './http-vendor.ts';

/** A line of a file of requests. */
export interface BatchRequest {
  readonly custom_id: string;
  readonly method: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What becomes of the line of a request: an answer, or one of the Batch API's own errors. */
export type LineResult =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** How a test plays the vendor's part. */
export interface OpenAiBatches {
  /** Of every batch that was created, in order. */
  readonly ids: readonly string[];
  requestsOf(batchId: string): readonly BatchRequest[];
  /** Carries out every request, but for those that the test says the result of. The results stand in another order. */
  finish(batchId: string, results?: Readonly<Record<string, LineResult>>): void;
  /** Carries out the first so many requests, and ends before the others. */
  end(batchId: string, status: 'expired' | 'cancelled', done?: number): void;
  /** Turns the whole file away. */
  reject(batchId: string, code: string, message: string): void;
  /** What every batch has carried out of its requests while it runs. */
  progress(batchId: string, completed: number): void;
}

/** The part of the vendor that answers. */
export interface BatchOffice {
  readonly batches: OpenAiBatches;
  kindOf(method: string, path: string): Kind | undefined;
  /** Undefined for what is none of its affairs; an answer without a body has the vendor's own for its status. */
  answer(hit: Hit): Answer | Promise<Answer> | undefined;
}

interface Batch {
  readonly id: string;
  readonly requests: readonly BatchRequest[];
  readonly inputFileId: string;
  status: string;
  completed: number;
  failed: number;
  outputFileId?: string;
  errorFileId?: string;
  errors?: object;
}

/** @param make carries out one request. */
export function openBatchOffice(
  make: (request: BatchRequest) => { readonly status: number; readonly body: unknown },
): BatchOffice {
  const files = new Map<string, Buffer>();
  const all = new Map<string, Batch>();
  let made = 0;
  const newId = (prefix: string) => {
    made += 1;
    return `${prefix}${made.toString(16).padStart(12, '0')}`;
  };

  function batchOf(id: string): Batch {
    const batch = all.get(id);
    if (!batch) throw new Error(`There is no batch ${id}.`);
    return batch;
  }

  function keep(lines: readonly object[]): string | undefined {
    if (lines.length === 0) return undefined;
    const id = newId('file-');
    files.set(id, Buffer.from(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`));
    return id;
  }

  function close(
    batch: Batch,
    status: string,
    resultOf: (request: BatchRequest, index: number) => LineResult,
  ) {
    const good: object[] = [];
    const bad: object[] = [];
    batch.requests.forEach((request, index) => {
      const result = resultOf(request, index);
      const line = { id: newId('batch_req_'), custom_id: request.custom_id };
      if ('error' in result) bad.push({ ...line, response: null, error: result.error });
      else {
        const response = { status_code: result.status, request_id: newId('req_'), body: result.body };
        (result.status === 200 ? good : bad).push({ ...line, response, error: null });
      }
    });
    const [outputFileId, errorFileId] = [keep(good.reverse()), keep(bad.reverse())];
    Object.assign(batch, { status, completed: good.length, failed: bad.length, outputFileId, errorFileId });
  }

  const batches: OpenAiBatches = {
    get ids() {
      return [...all.keys()];
    },
    requestsOf: (id) => batchOf(id).requests,
    finish: (id, results = {}) =>
      close(batchOf(id), 'completed', (request) => results[request.custom_id] ?? make(request)),
    end: (id, status, done = 0) =>
      close(batchOf(id), status, (request, index) =>
        index < done
          ? make(request)
          : { error: { code: `batch_${status}`, message: `This request was not executed: ${status}.` } },
      ),
    reject(id, code, message) {
      Object.assign(batchOf(id), {
        status: 'failed',
        errors: { object: 'list', data: [{ code, message, line: null, param: null }] },
      });
    },
    progress: (id, completed) => void Object.assign(batchOf(id), { status: 'in_progress', completed }),
  };

  function show(batch: Batch): Answer {
    return {
      status: 200,
      body: {
        id: batch.id,
        object: 'batch',
        endpoint: '/v1/images/generations',
        errors: batch.errors ?? null,
        input_file_id: batch.inputFileId,
        completion_window: '24h',
        status: batch.status,
        output_file_id: batch.outputFileId ?? null,
        error_file_id: batch.errorFileId ?? null,
        created_at: 1_795_000_000,
        request_counts: {
          total: batch.status === 'validating' ? 0 : batch.requests.length,
          completed: batch.completed,
          failed: batch.failed,
        },
        metadata: null,
      },
    };
  }

  async function upload(hit: Hit): Promise<Answer> {
    const form = await formOf(hit);
    const file = form?.get('file');
    if (!(file instanceof File) || form?.get('purpose') !== 'batch') return { status: 400 };
    const id = newId('file-');
    const bytes = Buffer.from(await file.arrayBuffer());
    files.set(id, bytes);
    return {
      status: 200,
      body: {
        id,
        object: 'file',
        bytes: bytes.length,
        filename: file.name,
        purpose: 'batch',
        status: 'processed',
      },
    };
  }

  function create(hit: Hit): Answer {
    const { input_file_id: fileId, endpoint, completion_window: window } = JSON.parse(hit.body);
    const file = files.get(fileId);
    if (!file || endpoint !== '/v1/images/generations' || window !== '24h') return { status: 400 };
    const requests = file
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as BatchRequest);
    const batch: Batch = {
      id: newId('batch_'),
      requests,
      inputFileId: fileId,
      status: 'validating',
      completed: 0,
      failed: 0,
    };
    all.set(batch.id, batch);
    return show(batch);
  }

  return {
    batches,
    kindOf(method, path) {
      if (path === '/v1/batches') return method === 'POST' ? 'submit' : 'other';
      if (/^\/v1\/batches\/[^/]+\/cancel$/.test(path)) return 'cancel';
      if (path.startsWith('/v1/batches/')) return 'check';
      if (/^\/v1\/files\/[^/]+\/content$/.test(path)) return 'file';
      return undefined;
    },
    answer(hit) {
      const [, folder, id = '', action] =
        /^\/v1\/(files|batches)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(hit.path) ?? [];
      if (folder === 'files') {
        if (hit.method === 'POST') return upload(hit);
        const file = files.get(id);
        return file
          ? { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: file }
          : { status: 404 };
      }
      if (folder !== 'batches') return undefined;
      if (id === '') return create(hit);
      const batch = all.get(id);
      if (!batch) return { status: 404 };
      if (action !== 'cancel') return show(batch);
      if (!['validating', 'in_progress', 'finalizing'].includes(batch.status)) return { status: 409 };
      batch.status = 'cancelling';
      return show(batch);
    },
  };
}
