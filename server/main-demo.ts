/**
 * `npm run demo`: a server with a month behind it and customers who go on. It has a folder of its own, makes no call to a vendor
 * and takes no money, whatever keys lie about in the environment.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from './database/index.ts';
import { fillDemo, startTraffic } from './demo/index.ts';
import { type Environment, EnvironmentError, readEnvironment } from './environment.ts';
import { createLog } from './log.ts';
import { endWith, serve } from './serve.ts';

const FOLDER = '.data-demo';
const EMAIL = 'demo@solvent.example';
const USUAL_RATE = '2';
/** Beyond it the sandbox, and not the demo, is what is looked at. */
const MOST_RATE = 100;

/** Calls a second, as the command line says. */
function rateOf(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { rate: { type: 'string' } } });
  const rate = values.rate ?? USUAL_RATE;
  if (!/^\d{1,3}(\.\d{1,3})?$/.test(rate) || Number(rate) > MOST_RATE) {
    throw new EnvironmentError([
      `--rate is how many calls a second are made, from 0 to ${MOST_RATE}: --rate 2`,
    ]);
  }
  return Number(rate);
}

/** The environment without all that could reach somebody, or be real. */
function environmentOf(source: NodeJS.ProcessEnv): Environment {
  const given = readEnvironment({ DATA_DIR: FOLDER, ...source });
  if (/^[rs]k_live_/.test(given.stripe.secretKey ?? '')) {
    throw new EnvironmentError([
      'STRIPE_SECRET_KEY is a live key: the demo is not for a site that takes money. Unset it first.',
    ]);
  }
  if (given.database.url !== undefined || given.role !== 'all') {
    throw new EnvironmentError([
      'The demo has an embedded database of its own and is one process: unset DATABASE_URL and ROLE.',
    ]);
  }
  const { providers: _, ...rest } = given;
  return {
    ...rest,
    providers: Object.fromEntries(Object.keys(given.providers).map((name) => [name, undefined])) as never,
    sandbox: 'on',
    stripe: { secretKey: undefined, webhookSecrets: [], apiBase: undefined },
    smtp: undefined,
    s3: undefined,
    redisUrl: undefined,
  };
}

/** Whom to sign in as: the same at each start, so that it can be printed again. */
function adminOf({ database, firstAdmin }: Environment): { email: string; password: string; keep(): void } {
  const file = join(database.folder, 'demo-password');
  const password = existsSync(file)
    ? readFileSync(file, 'utf8').trim()
    : (firstAdmin.password ?? randomBytes(9).toString('base64url'));
  return {
    email: firstAdmin.email ?? EMAIL,
    password,
    keep: () => writeFileSync(file, `${password}\n`, { mode: 0o600 }),
  };
}

async function start(): Promise<void> {
  const startedAt = performance.now();
  const rate = rateOf(process.argv.slice(2));
  const environment = environmentOf(process.env);
  const log = createLog({ level: environment.logLevel, pretty: process.stdout.isTTY });
  const { folder } = environment.database;
  const database = await openDatabase({ folder });
  const admin = adminOf(environment);
  const outcome = await fillDemo({
    database,
    log,
    priceList: environment.priceList,
    marginFloor: environment.minMargin,
    folder,
    admin,
    now: new Date(),
  });
  if (outcome.status === 'in-use' || outcome.status === 'broken-off') {
    await database.close();
    throw new EnvironmentError([
      outcome.status === 'in-use'
        ? `In ${folder} is data that is not the demo's: name another folder by DATA_DIR. Nothing was changed.`
        : `The demo in ${folder} was broken off while it was filled: delete that folder, and start again.`,
    ]);
  }
  if (outcome.status === 'filled') {
    admin.keep();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    log.info({ ...outcome.told }, `A month was made up in ${seconds} s.`);
  }
  await serve({
    environment,
    log,
    startedAt,
    database,
    beside({ core, http, demo }) {
      const traffic = demo
        ? startTraffic({ url: http.url, apiKey: demo.apiKey, catalog: core.catalog, log, perSecond: rate })
        : null;
      return {
        lines: [
          `  Sign in    ${admin.email}  ${admin.password}`,
          `  Traffic    ${traffic ? `${rate} calls a second, made up (--rate)` : 'none: it is made where the server listens on this machine alone'}`,
        ],
        stop: async () => traffic?.stop(),
      };
    },
  });
}

start().catch((error: unknown) => endWith(error, process.env.LOG_LEVEL === 'debug'));
