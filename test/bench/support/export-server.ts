/** Solvent as the bench of exports measures it, on a database that is full already. */
import { systemClock } from '../../../server/clock.ts';
import { openCore } from '../../../server/core.ts';
import { readEnvironment } from '../../../server/environment.ts';
import { startHttp } from '../../../server/http/index.ts';
import { createLog } from '../../../server/log.ts';
import { answerBench } from './worker.ts';

const environment = readEnvironment(process.env);
const core = await openCore({
  environment,
  clock: systemClock,
  log: createLog({ level: environment.logLevel, pretty: false }),
});
const made = await core.access.createApiKey({ name: 'bench', scopes: ['profit:read'] }, 'bench');
if (made.status !== 'created') throw new Error('The API key could not be made.');
const http = await startHttp({ core, demo: null });

let most = 0;
setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 100).unref();

answerBench({
  started: () => ({ url: http.url, apiKey: made.key }),
  /** Resident memory now, garbage collected. */
  idle: () => {
    for (let times = 0; times < 3; times += 1) globalThis.gc?.();
    most = 0;
    return process.memoryUsage().rss;
  },
  /** The most since then. */
  most: () => most,
});
