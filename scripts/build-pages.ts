/**
 * `npm run build-pages`: builds client/ into client/dist, unless what is there is fresh. Runs after an install, and when
 * the server finds at its start that the sources have changed.
 *
 * A build goes into a folder of its own that takes the place of the old one when it is whole. Two builds at a time do not
 * meet: the second waits for the first, and then finds nothing to do.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { BUILT_FOLDER, digestOfSources, MANIFEST, type Manifest } from '../server/pages/index.ts';

const root = join(import.meta.dirname, '..');
const built = join(root, BUILT_FOLDER);
const manifestFile = join(built, MANIFEST);
const lock = join(root, 'node_modules/.cache/solvent-pages.lock');
/** A build takes seconds: what is older was left by one that died. */
const LOCK_MS = 120_000;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Below so many bytes compression saves no packet. */
const WORTH_COMPRESSING = 1_400;

function isFresh(digest: string): boolean {
  if (!existsSync(manifestFile)) return false;
  return (JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest).digest === digest;
}

/** Waits for whoever builds at present. */
async function takeLock(): Promise<void> {
  mkdirSync(join(lock, '..'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch {
      const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
      if (made !== undefined && Date.now() - made > LOCK_MS) rmSync(lock, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < WORTH_COMPRESSING) return;
  const [small, smaller] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, small), writeFile(`${path}.br`, smaller)]);
}

async function build(digest: string): Promise<void> {
  const startedAt = performance.now();
  // Whoever starts the build may be testing or developing; what is built is for use.
  process.env.NODE_ENV = 'production';
  const { build: bundle } = await import('vite');
  const folder = `${built}.${process.pid}`;
  try {
    await bundle({
      configFile: join(root, 'client/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: join(folder, 'admin'), emptyOutDir: true },
    });
    const files: Record<string, string> = {};
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const type = TYPES[extname(entry.name)];
      if (!type) throw new Error(`${entry.name}: say in TYPES of scripts/build-pages.ts what it is.`);
      files[path.slice(folder.length + 1)] = type;
      // The page itself is filled in for each request, and is small.
      if (/^(text|image\/svg)/.test(type) && !entry.name.endsWith('.html')) await compress(path);
    }
    writeFileSync(join(folder, MANIFEST), JSON.stringify({ digest, files } satisfies Manifest));
    rmSync(built, { recursive: true, force: true });
    renameSync(folder, built);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`Built the pages in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
}

const digest = digestOfSources(root);
if (digest === null || !existsSync(join(root, 'node_modules/vite'))) {
  console.log('The pages are not built: that needs client/ and the development packages.');
} else if (!isFresh(digest)) {
  await takeLock();
  try {
    if (!isFresh(digest)) await build(digest);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
