/** The files that were made for customers, their links and their end. */
import type { S3StorageOptions } from './s3.ts';
import type { Storage } from './storage.ts';

export { createFolderStorage, type FolderStorageOptions } from './folder.ts';
export { guardedLookup, InnerHostError, isInnerHost, type Resolve, refuseInnerHost } from './get.ts';
export { createInputs, InputError, type InputKind, type InputOptions, type Inputs } from './inputs.ts';
export { createOutputs, type Outputs } from './outputs.ts';
export { REMOVAL_DELAY_MS, type SweepOptions, type Swept, sweepOutputs } from './retention.ts';
export type { S3StorageOptions } from './s3.ts';
export {
  type ByteRange,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StoredFile,
} from './storage.ts';

/** Opens a store in an S3-compatible bucket. Its SDK is loaded here: a start without a bucket does without it. */
export async function openS3Storage(options: S3StorageOptions): Promise<Storage> {
  const { createS3Storage } = await import('./s3.ts');
  return createS3Storage(options);
}
