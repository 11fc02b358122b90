/** `npm start`: a server, from the environment. */
import { keepCompiled } from './compiled.ts';
import { hearStopSignals } from './signals.ts';

const startedAt = performance.now();
const signals = hearStopSignals();
const keep = keepCompiled();
const [{ readEnvironment }, { createLog }, { endWith, serve }] = await Promise.all([
  import('./environment.ts'),
  import('./log.ts'),
  import('./serve.ts'),
]);

async function start(): Promise<void> {
  const environment = readEnvironment(process.env);
  const log = createLog({ level: environment.logLevel, pretty: process.stdout.isTTY });
  await serve({ environment, log, startedAt, signals });
  keep();
}

start().catch((error: unknown) => endWith(error, process.env.LOG_LEVEL === 'debug'));
