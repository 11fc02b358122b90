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
    } catch (error) {
      // A folder that this process may not write into has no lock to wait for.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
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
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, small), writeFile(`${path}.br`, smaller)]);
}

/** Where a page of the admin is said to be. */
const ROUTE = /\/client\/admin\/pages\/([^/]+)\/page\.tsx$/;
const SHELL = /\/client\/admin\/shell\/Shell\.tsx$/;

/** A bundle's chunk, as far as it matters here. */
interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly isEntry?: boolean;
  readonly facadeModuleId?: string | null;
  readonly imports?: readonly string[];
  readonly viteMetadata?: { readonly importedCss: ReadonlySet<string> };
}

/** Which files each page needs that the first scripts do not bring. */
function partsOf(chunks: readonly Chunk[]): Manifest['parts'] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const closureOf = (chunk: Chunk | undefined, into: Set<Chunk>): Set<Chunk> => {
    if (!chunk || into.has(chunk)) return into;
    into.add(chunk);
    for (const name of chunk.imports ?? []) closureOf(byName.get(name), into);
    return into;
  };
  const first = closureOf(
    chunks.find(({ isEntry }) => isEntry),
    new Set(),
  );
  const shell = chunks.find(({ facadeModuleId }) => SHELL.test(facadeModuleId ?? ''));
  return Object.fromEntries(
    chunks.flatMap((chunk) => {
      const page = ROUTE.exec(chunk.facadeModuleId ?? '')?.[1];
      if (page === undefined) return [];
      const route = readFileSync(join(root, 'client/admin/pages', page, 'route.ts'), 'utf8');
      const address = /path: '([^']+)'/.exec(route)?.[1];
      if (address === undefined) throw new Error(`pages/${page}/route.ts says no address.`);
      const isInShell = route.includes('getParentRoute: () => shellRoute');
      const needed = closureOf(chunk, isInShell ? closureOf(shell, new Set()) : new Set());
      const files = [...needed]
        .filter((each) => !first.has(each))
        .flatMap((each) => [each.fileName, ...(each.viteMetadata?.importedCss ?? [])]);
      return [[address, files.map((file) => `admin/${file}`)]];
    }),
  );
}

async function build(digest: string): Promise<void> {
  const startedAt = performance.now();
  // Whoever starts the build may be testing or developing; what is built is for use.
  process.env.NODE_ENV = 'production';
  const { build: bundle } = await import('vite');
  const folder = `${built}.${process.pid}`;
  try {
    const bundled = await bundle({
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
    const outputs = [bundled].flat() as readonly { readonly output?: readonly Chunk[] }[];
    const parts = partsOf(outputs.flatMap(({ output }) => output ?? []));
    writeFileSync(join(folder, MANIFEST), JSON.stringify({ digest, files, parts } satisfies Manifest));
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
