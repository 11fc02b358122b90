import type { ProviderOutput } from '../providers/index.ts';

/** A file in Solvent's own store. */
export interface StoredFile {
  /** SHA-256 of the bytes in lower-case hex; also the file's address. */
  readonly sha256: string;
  /** What the first bytes say that it is, which is safe to serve it as. */
  readonly contentType: string;
  readonly bytes: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly durationSeconds: number | undefined;
}

/** A part of a file, both ends included, as HTTP counts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Vendors' links expire, so whatever was made is copied here before the customer hears of it. Files have no names
 * and never change: the address is the hash of the bytes, and equal bytes are stored once.
 */
export interface Storage {
  /**
   * Copies one output in; downloads it when it is a URL. May be repeated at will.
   *
   * @param signal stops a download. Bytes that are already here are stored in spite of it: they have been paid for.
   * @throws StorageError, and nothing else.
   */
  store(output: ProviderOutput, signal: AbortSignal): Promise<StoredFile>;
  /**
   * Opens a file for reading. Nothing is held open until the stream is read, so that it may be dropped.
   *
   * @param range only these bytes; it must lie within the file.
   * @returns null when there is no such file; `bytes` is the length of the whole file.
   */
  open(
    sha256: string,
    range?: ByteRange,
  ): Promise<{ readonly bytes: number; readonly stream: ReadableStream<Uint8Array> } | null>;
  /**
   * The first step of deleting a file, which can be taken back: from now on no `store` counts on it, so that equal
   * bytes are written anew under the hash, while `open` still finds it. May be repeated at will.
   *
   * A `store` that saw the file just before, here or in another process, believes it to be there for an hour; only
   * after that can it be said for certain who needs it. See retention.ts.
   *
   * @returns whether something is set aside now; false when there is no such file.
   * @throws StorageError
   */
  setAside(sha256: string): Promise<boolean>;
  /**
   * Takes {@link setAside} back.
   *
   * @throws StorageError
   */
  restore(sha256: string): Promise<void>;
  /**
   * Deletes what was set aside, for good. What stands under the hash, having been stored anew since, stays.
   *
   * @throws StorageError
   */
  remove(sha256: string): Promise<void>;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Whether a text can be a file's address. */
export function isSha256(text: string): boolean {
  return SHA256.test(text);
}

/** Why an output could not be stored. */
export type StorageErrorCode =
  /** It is larger than the store takes. */
  | 'TOO_LARGE'
  /** It is not what it claims to be, or nothing that may be served from our origin. */
  | 'WRONG_TYPE'
  /** It could not be fetched, or the caller stopped waiting. */
  | 'DOWNLOAD_FAILED'
  /** The disk, or the bucket, refused it. */
  | 'WRITE_FAILED'
  /** The disk, or the bucket, did not say whether there is such a file, or did not give it. */
  | 'READ_FAILED';

/** The one error that the store throws. The message is for the customer, `detail` for operators. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  /** No query of a URL, since that is where vendors put their signatures. */
  readonly detail: string;

  constructor(code: StorageErrorCode, message: string, detail: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }
}
