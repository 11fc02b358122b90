/** `npm start`: a server, from the environment. */
import { readEnvironment } from './environment.ts';
import { createLog } from './log.ts';
import { endWith, serve } from './serve.ts';

async function start(): Promise<void> {
  const startedAt = performance.now();
  const environment = readEnvironment(process.env);
  const log = createLog({ level: environment.logLevel, pretty: process.stdout.isTTY });
  await serve({ environment, log, startedAt });
}

start().catch((error: unknown) => endWith(error, process.env.LOG_LEVEL === 'debug'));
