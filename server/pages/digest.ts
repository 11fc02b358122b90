/** Tells whether the sources of the pages have changed since they were built. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What a build depends on beside client/: the packages, and how it is built. */
const BESIDE = ['package-lock.json', 'scripts/build-pages.ts'];
/** Folders in client/ that no page is made of. */
const LEFT_OUT = new Set(['dist', 'examples']);

/**
 * A digest of everything that the pages are built from.
 *
 * @returns null where there are no sources, as in an image that has only what was built.
 */
export function digestOfSources(root: string): string | null {
  const client = join(root, 'client');
  if (!existsSync(join(client, 'admin/index.html'))) return null;
  const hash = createHash('sha256');
  const add = (path: string) => {
    if (existsSync(join(root, path)))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0');
  };
  for (const entry of readdirSync(client, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(client.length + 1))
    .sort()) {
    const [folder = ''] = entry.split(sep);
    if (!LEFT_OUT.has(folder) && !entry.endsWith('.md')) add(`client/${entry.split(sep).join('/')}`);
  }
  for (const path of BESIDE) add(path);
  return hash.digest('hex');
}
