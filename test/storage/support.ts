import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderOutput } from '../../server/providers/provider.ts';
import { createFolderStorage, type FolderStorageOptions } from '../../server/storage/index.ts';

/** The smallest whole PNG: one transparent pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** A PNG of one pixel and of so many bytes more, which differ by their tag. */
export function png(tag: string, more = 0): Buffer {
  const padding = Buffer.alloc(Math.max(more, Buffer.byteLength(tag)));
  padding.write(tag);
  return Buffer.concat([PIXEL, padding]);
}

export function output(content: ProviderOutput['content'], contentType = 'image/png'): ProviderOutput {
  return { content, contentType };
}

export const quiet = () => new AbortController().signal;

/** A store in a folder of its own, which goes away with it. */
export async function startStore(options: Partial<FolderStorageOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'solvent-storage-'));
  const settings = {
    folder,
    allowPrivateHosts: true,
    stallMs: 5_000,
    retryDelaysMs: [1, 1],
    durable: false,
    ...options,
  };
  return {
    folder,
    settings,
    storage: createFolderStorage(settings),
    /** Every file under the folder, with slashes, in order. */
    async files(): Promise<string[]> {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        )
        .sort();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A vendor's file server on the loopback interface. */
export async function startFileServer(handler: Handler) {
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
