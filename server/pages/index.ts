/**
 * The door of the pages room: the built pages of client/, as files with their compressed forms. It knows whether what was
 * built is what client/ holds now, and has it built again when it is not. README: client/README.md.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { digestOfSources } from './digest.ts';

export { digestOfSources } from './digest.ts';

/** The repository's root, in which client/ lies. */
const ROOT = join(import.meta.dirname, '../..');
/** Where the build goes, from the root. */
export const BUILT_FOLDER = 'client/dist';
/** In that folder: what was built, out of what. */
export const MANIFEST = 'build.json';

/** What a build says of itself. */
export interface Manifest {
  /** Of the sources that it was made of, as `digestOfSources` gives it. */
  readonly digest: string;
  /** Each file's path in the built folder, and its content type. Nothing else is served. */
  readonly files: Readonly<Record<string, string>>;
  /** What each page is made of beside the first scripts, by its address as its route has it: files' paths. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
}

/** A file of the built pages. */
export interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  /** The same, compressed; undefined where that saves nothing. */
  readonly brotli: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** The built pages. */
export interface Pages {
  /** A file by its path in the built folder, such as `admin/index.html`; null when there is none. */
  file(path: string): PageFile | null;
  /** What the page at an address is made of beside the first scripts, so that a browser can fetch it at once with those. */
  partsOf(address: string): readonly string[];
}

/** How the pages of this tree stand. */
type State = { readonly manifest: Manifest | null; readonly digest: string | null };

function look(root: string): State {
  const file = join(root, BUILT_FOLDER, MANIFEST);
  const manifest = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : null;
  return { manifest, digest: digestOfSources(root) };
}

/** Whether what was built is what the sources say. An installation without sources has what it was built with. */
const isFresh = ({ manifest, digest }: State) =>
  manifest !== null && (digest === null || manifest.digest === digest);

/** Builds the pages in a process of their own, since a bundler takes memory that a server should not keep. */
function build(log: Log): Promise<boolean> {
  log.info({}, 'The pages are not built from the present sources: building them.');
  const child = spawn(process.execPath, [join(ROOT, 'scripts/build-pages.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(-2_000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      log.error({ error }, 'The pages could not be built.');
      resolve(false);
    });
    child.once('close', (code) => {
      if (code !== 0) log.error({ code, problem }, 'The pages could not be built.');
      resolve(code === 0);
    });
  });
}

/** Whether a route's address, in which `$name` stands for anything, is that of an address. */
function matches(route: string, address: string): boolean {
  const parts = route.split('/');
  const given = address.split('/');
  return parts.length === given.length && parts.every((part, at) => part[0] === '$' || part === given[at]);
}

/** Reads all files now: those of a later build take their place on the disk, and belong to a later server. */
async function read({ files }: Manifest, root: string): Promise<ReadonlyMap<string, PageFile>> {
  const known = await Promise.all(
    Object.entries(files).map(async ([path, contentType]) => {
      const at = join(root, BUILT_FOLDER, path);
      const other = async (suffix: string) => (existsSync(at + suffix) ? readFile(at + suffix) : undefined);
      const [bytes, brotli, gzip] = await Promise.all([readFile(at), other('.br'), other('.gz')]);
      return [path, { contentType, bytes, brotli, gzip }] as const;
    }),
  );
  return new Map(known);
}

function serve({ parts }: Manifest, files: ReadonlyMap<string, PageFile>): Pages {
  return {
    partsOf: (address) => Object.entries(parts).find(([route]) => matches(route, address))?.[1] ?? [],
    file: (path) => files.get(path) ?? null,
  };
}

/** They are read so often: somebody may build them at this moment. */
const TRIES = 5;
const PAUSE_MS = 300;

/**
 * Opens the built pages, and builds them first when they are missing or old.
 *
 * @param root where they lie, if not here.
 * @returns null when there are none and none can be built, for want of the development packages.
 */
export async function openPages(log: Log, root = ROOT): Promise<Pages | null> {
  let state = look(root);
  // Without the bundler what is there is served, though it may be old.
  if (!isFresh(state) && existsSync(join(root, 'node_modules/vite')) && (await build(log)))
    state = look(root);
  for (let tries = 1; state.manifest; tries += 1) {
    try {
      return serve(state.manifest, await read(state.manifest, root));
    } catch (error) {
      if (tries === TRIES) {
        log.error({ error }, 'The pages could not be read.');
        return null;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      state = look(root);
    }
  }
  return null;
}
