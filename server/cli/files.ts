import { statSync } from 'node:fs';
import { UsageError } from './command.ts';

/** The size of a file in bytes. Throws UsageError when there is no such file. */
export function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) throw new UsageError(`There is no file ${path}.`);
  return found.size;
}
