/**
 * The store as a bucket of Amazon S3, or of anything that speaks as it does: MinIO, R2, Ceph, Spaces. A file lies at
 * `<prefix>aa/bb/<sha256>`, as in the folder, so that one can be copied over to the other; what is set aside lies at
 * `<prefix>aside/<sha256>`.
 *
 * A file is put by one PUT, which a store shows whole or not at all. Each PUT says in `x-amz-content-sha256` what the
 * bytes hash to, also for a body that is sent as a stream: the store itself refuses bytes that are not those of the
 * hash that they are to lie under.
 */
import { createReadStream } from 'node:fs';
import { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createIntake, type IntakeOptions } from './intake.ts';
import { notRead, notWritten } from './refusals.ts';
import { createSpool } from './spool.ts';
import { type ByteRange, isSha256, type Storage } from './storage.ts';

/** Where the bucket is and what it takes. */
export interface S3StorageOptions extends IntakeOptions {
  readonly bucket: string;
  /** Without a slash at its end; undefined: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Put before every key: empty, or with a slash at its end. */
  readonly prefix: string;
  /** True names the bucket in the path and not in the host. */
  readonly forcePathStyle: boolean;
  /** A folder of this machine in which downloads lie until they are whole. Made when it is not there. */
  readonly spoolFolder: string;
  /** How long to wait before each repetition of a request that failed; twice unless said otherwise. */
  readonly requestRetryDelaysMs?: readonly number[];
  /** How long a request may stand still; 30 seconds unless said otherwise. */
  readonly requestStallMs?: number;
}

const REQUEST_RETRY_DELAYS_MS = [250, 1_000];
const REQUEST_STALL_MS = 30_000;
const CONNECT_MS = 5_000;
/** Each reader of a film may hold one for minutes; they must not keep outputs from being stored. */
const MOST_SOCKETS = 512;
const PLACE = 'The bucket';

/** Opens a store in a bucket. Nothing is asked of it before the first file. */
export function createS3Storage(options: S3StorageOptions): Storage {
  const { bucket, prefix, requestRetryDelaysMs: delays = REQUEST_RETRY_DELAYS_MS } = options;
  const client = openClient(options);
  const keyOf = (sha256: string) => `${prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  const asideOf = (sha256: string) => `${prefix}aside/${sha256}`;

  const spool = createSpool({
    folder: options.spoolFolder,
    // It is gone after a crash either way: what counts is what the bucket has.
    durable: false,
    refuse: (error) => notWritten('The folder for downloads', error),
  });

  const intake = createIntake(
    options,
    {
      sizeOf: (sha256) => read(() => sizeOf(keyOf(sha256))),
      putBytes: (sha256, bytes, contentType) => write(() => put(sha256, bytes, bytes.length, contentType)),
      // A download shows its hash only at its end: what is there already is not sent again.
      putFile: async (sha256, path, bytes, contentType) => {
        const there = await read(() => sizeOf(keyOf(sha256))).catch(() => null);
        if (there !== bytes) await write(() => putFrom(path, sha256, bytes, contentType));
      },
    },
    spool,
  );

  /** Every request may be repeated at will, since what lies under a hash is always the same. */
  async function repeatedly<Result>(request: () => Promise<Result>): Promise<Result> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await request();
      } catch (error) {
        const delay = delays[tries];
        if (delay === undefined || !isPassing(error)) throw described(error);
        await sleep(delay);
      }
    }
  }

  function write<Result>(request: () => Promise<Result>): Promise<Result> {
    return repeatedly(request).catch((error: unknown) => {
      throw notWritten(PLACE, error);
    });
  }

  function read<Result>(request: () => Promise<Result>): Promise<Result> {
    return repeatedly(request).catch((error: unknown) => {
      throw notRead(PLACE, error);
    });
  }

  async function put(
    sha256: string,
    body: NonNullable<PutObjectCommandInput['Body']>,
    bytes: number,
    contentType: string,
    abortSignal?: AbortSignal,
  ): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: keyOf(sha256),
      Body: body,
      ContentLength: bytes,
      ContentType: contentType,
    });
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
        return next(args);
      },
      { step: 'build', name: 'solventContentSha256' },
    );
    await client.send(command, abortSignal ? { abortSignal } : {});
  }

  /** A stream can be sent once, so that each try opens the file anew, and closes it however it ends. */
  async function putFrom(path: string, sha256: string, bytes: number, contentType: string): Promise<void> {
    const body = createReadStream(path);
    const broken = new AbortController();
    body.on('error', (error) => broken.abort(error));
    try {
      await put(sha256, body, bytes, contentType, broken.signal);
    } finally {
      body.destroy();
    }
  }

  async function sizeOf(key: string): Promise<number | null> {
    try {
      return (await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))).ContentLength ?? null;
    } catch (error) {
      return nullIfMissing(error);
    }
  }

  /** Copies within the bucket, then deletes the first. False when there was none. */
  async function move(from: string, to: string): Promise<boolean> {
    try {
      await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource: `${bucket}/${from}` }));
    } catch (error) {
      return nullIfMissing(error) !== null;
    }
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: from }));
    return true;
  }

  /**
   * Asks for the bytes at the first read. A reader that is slow may find its connection closed by the store: then the
   * rest is asked for anew.
   */
  async function* bytesOf(key: string, range: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    let at = range.start;
    for (let failures = 0; at <= range.end; ) {
      try {
        const got = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${at}-${range.end}` }),
        );
        for await (const chunk of got.Body as unknown as AsyncIterable<Uint8Array>) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
        if (at <= range.end) throw new Error('The file is shorter than it was.');
      } catch (error) {
        const delay = delays[failures];
        if (delay === undefined || !isPassing(error)) throw notRead(PLACE, described(error));
        failures += 1;
        await sleep(delay);
      }
    }
  }

  return {
    store: intake.store,
    async open(sha256, range) {
      if (!isSha256(sha256)) return null;
      // A file that is put back between two looks is found by the third.
      for (const key of [keyOf(sha256), asideOf(sha256), keyOf(sha256)]) {
        const bytes = await read(() => sizeOf(key));
        if (bytes !== null) {
          const chunks = bytesOf(key, range ?? { start: 0, end: bytes - 1 });
          return { bytes, stream: NodeReadableStream.from(chunks) as ReadableStream<Uint8Array> };
        }
        intake.forget(sha256);
      }
      return null;
    },
    async setAside(sha256) {
      if (!isSha256(sha256)) return false;
      intake.forget(sha256);
      if (await write(() => move(keyOf(sha256), asideOf(sha256)))) return true;
      return (await read(() => sizeOf(asideOf(sha256)))) !== null;
    },
    async restore(sha256) {
      if (isSha256(sha256)) await write(() => move(asideOf(sha256), keyOf(sha256)));
    },
    async remove(sha256) {
      if (!isSha256(sha256)) return;
      await write(() => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: asideOf(sha256) })));
    },
  };
}

/**
 * A client that takes nothing from the process's environment or from files in the home folder: each setting that the
 * SDK would look for there is given.
 */
function openClient(options: S3StorageOptions): S3Client {
  const agent = { keepAlive: true, maxSockets: MOST_SOCKETS };
  return new S3Client({
    endpoint: options.endpoint ?? `https://s3.${options.region}.amazonaws.com`,
    region: options.region,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    forcePathStyle: options.forcePathStyle,
    // The SDK cannot repeat a body that is a stream; this file repeats whole requests.
    maxAttempts: 1,
    retryMode: 'standard',
    // Newer checksums in trailers are not understood by every store, and the SHA-256 of the body is signed anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    defaultsMode: 'standard',
    userAgentAppId: 'solvent',
    // What went wrong is in the error that is thrown; the SDK would print some of it past the log.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: options.requestStallMs ?? REQUEST_STALL_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

/** Whether the same request may go well the next time: nobody answered, or the store is overloaded or broken. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 429 || status === 408;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** A bucket that is not there is not the same as a file that is not there, where the answer tells them apart. */
function nullIfMissing(error: unknown): null {
  if (statusOf(error) === 404 && !(error instanceof Error && error.name === 'NoSuchBucket')) return null;
  throw error;
}

/** The status and the store's own code are what an operator looks for. */
function described(error: unknown): unknown {
  const status = statusOf(error);
  if (status === undefined || !(error instanceof Error)) return error;
  return new Error(`it answered ${status} ${error.name}: ${error.message}`, { cause: error });
}
