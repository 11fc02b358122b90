/** The store of files that were made for customers. */

export { createFolderStorage, type FolderStorageOptions } from './folder.ts';
export {
  type ByteRange,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StoredFile,
} from './storage.ts';
