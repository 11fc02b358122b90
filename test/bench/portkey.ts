/**
 * Beside a real peer: the same pictures from the same vendor, once through Solvent and once through Portkey's gateway,
 * which passes calls on and keeps no books.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { ACCOUNTS, createDatabase, postgresSettings } from './support/database.ts';
import {
  generateImage,
  type Round,
  round,
  rounds,
  type Side,
  startLoad,
  startServer,
} from './support/rounds.ts';
import type { Started } from './support/server.ts';
import { figure, figures, median, ratios, spread } from './support/statistics.ts';
import { Worker } from './support/worker.ts';

const PACKAGE = '@portkey-ai/gateway';
const VERSION = '1.15.2';
const CONCURRENCIES = [16, 64, 256];
const JUDGED = 256;
const WARM_UP_SECONDS = 3;

/** The folder of the gateway's package, or null when it is not installed. */
function gatewayFolder(): string | null {
  // Its package says nothing about what may be resolved, so that its main file is looked for by its path.
  const from = process.env.PORTKEY_PREFIX
    ? join(process.env.PORTKEY_PREFIX, 'package.json')
    : import.meta.url;
  try {
    return dirname(createRequire(from).resolve(`${PACKAGE}/package.json`));
  } catch {
    return null;
  }
}

const workerFile = (name: string) => fileURLToPath(new URL(`./support/${name}`, import.meta.url));

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('No port.')),
      );
    });
  });
}

export const portkey: Bench = {
  name: 'portkey',
  needsPostgres: true,
  missing: () =>
    gatewayFolder() === null
      ? `${PACKAGE} is not installed; it is opt-in: npm install --prefix /tmp/portkey ${PACKAGE}@${VERSION} && PORTKEY_PREFIX=/tmp/portkey npm run bench -- portkey`
      : null,
  async run({ seconds }) {
    const gatewayPackage = gatewayFolder();
    if (gatewayPackage === null) throw new Error(`${PACKAGE} is not installed.`);
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      await using database = await createDatabase('portkey');
      await using vendor = await Worker.start(workerFile('vendor.ts'));
      const vendorUrl = await vendor.ask<string>('url');
      await using server = await startServer(database.url, folder, {
        env: { OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: vendorUrl },
      });
      const started = await server.ask<Started>('started');
      await using gateway = await Worker.start(workerFile('portkey-process.ts'), {
        env: {
          PORTKEY_START: join(gatewayPackage, 'build/start-server.js'),
          PORTKEY_PORT: String(await freePort()),
          NODE_ENV: 'production',
        },
      });
      const gatewayUrl = await gateway.ask<string>('url');
      await using load = await startLoad();
      const sides: [Side, Side] = [
        {
          name: 'Solvent',
          worker: server,
          load: {
            url: started.url,
            headers: { authorization: `Bearer ${started.apiKey}` },
            body: generateImage('openai/gpt-image-2'),
            accounts: started.accounts,
            expect: '"SUCCEEDED"',
          },
        },
        {
          name: 'Portkey',
          worker: gateway,
          load: {
            url: `${gatewayUrl}/v1/images/generations`,
            headers: {
              authorization: 'Bearer sk-bench',
              'x-portkey-provider': 'openai',
              'x-portkey-custom-host': vendorUrl,
            },
            // What Solvent's own provider sends for the mutation above.
            body: JSON.stringify({
              model: 'gpt-image-2',
              prompt: 'a fox in the snow, at dawn',
              n: 1,
              size: '1024x1024',
              quality: 'medium',
              safety_identifier: '9f86d081884c7d659a2feaa0c55ad015',
            }),
            accounts: [],
            expect: '"b64_json"',
          },
        },
      ];
      for (const side of sides) await round(load, side, JUDGED, WARM_UP_SECONDS);
      const rows: string[][] = [];
      const found: Record<string, unknown> = {};
      let ratio = spread([]);
      for (const concurrency of CONCURRENCIES) {
        const [ours = [], theirs = []] = await rounds(load, sides, concurrency, seconds, 3);
        const rate = (list: readonly Round[]) => list.map(({ perSecond }) => perSecond);
        const here = ratios(rate(ours), rate(theirs));
        if (concurrency === JUDGED) ratio = here;
        found[concurrency] = { solvent: ours, portkey: theirs, ratio: here };
        rows.push([
          `${concurrency} at once`,
          figures(spread(rate(ours))),
          figures(spread(rate(theirs))),
          figures(here),
        ]);
        rows.push([
          '  p50 / p99 ms',
          ...[ours, theirs].map(
            (list) =>
              `${figure(median(list.map(({ p50 }) => p50)))} / ${figure(median(list.map(({ p99 }) => p99)))}`,
          ),
          '',
        ]);
        rows.push([
          '  its processor ms a call',
          ...[ours, theirs].map((list) => figure(median(list.map(({ sideCpuMs }) => sideCpuMs)))),
          '',
        ]);
      }
      const booked = await server.ask<{ succeeded: number; open: number }>('booked');
      return {
        question:
          'pictures a second from one instant vendor on the loopback, through Solvent and through Portkey’s gateway',
        configuration: {
          ...(await postgresSettings()),
          gateway: `${PACKAGE} ${VERSION}, build/start-server.js --headless`,
          accounts: ACCOUNTS,
          roundSeconds: seconds,
        },
        columns: ['pictures a second', 'Solvent', 'Portkey', 'Solvent / Portkey'],
        rows,
        targets: [
          {
            what: `Solvent / Portkey at ${JUDGED} at once`,
            target: '> 1, the aim',
            found: figures(ratio),
            met: ratio.median > 1,
          },
          {
            what: 'every picture is booked',
            target: '0 open',
            found: `${booked.succeeded.toLocaleString('en')} booked, ${booked.open} open`,
            met: booked.open === 0,
          },
        ],
        notes: [
          'Portkey passes the vendor’s answer on and keeps no books; Solvent prices, reserves, stores the file, books and answers with a link.',
          'The vendor, the load generator and (for Solvent) Postgres share the cores with either.',
        ],
        figures: found,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
