/** `/health/live` and `/health/ready`: for balancers, with the parts and their state. */
import type { ServerResponse } from 'node:http';
import type { Core } from '../core.ts';
import { sendJson } from './body.ts';

const DATABASE_MS = 2_000;

async function isDatabaseReady(core: Core): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('The database is slow.')), DATABASE_MS);
  });
  try {
    await Promise.race([core.database.query('SELECT 1'), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** 200 while the process runs. */
export function live(response: ServerResponse): void {
  sendJson(response, 200, { status: 'ok' });
}

/** 200 when requests can be answered, though perhaps with less than all; 503 while it drains or the database is away. */
export async function ready(core: Core, draining: boolean, response: ServerResponse): Promise<void> {
  const database = await isDatabaseReady(core);
  const ok = database && !draining;
  const { bus } = core.live;
  sendJson(response, ok ? 200 : 503, {
    status: ok ? (bus.isUp ? 'ok' : 'degraded') : 'unavailable',
    parts: {
      database: { status: database ? 'ok' : 'unavailable', kind: core.database.kind },
      server: { status: draining ? 'draining' : 'ok', callsUnderWay: core.generations.active },
      // Nothing that concerns money goes over it: whoever watches asks the database until it is back.
      live: { status: bus.isUp ? 'ok' : 'degraded', bus: bus.kind },
      // A vendor's outage is no reason to send nothing here: other models, other vendors and all reads go on.
      providers: {
        status: 'ok',
        configured: core.providers.names,
        sandbox: core.providers.sandbox,
        leftAlone: core.routing.open,
      },
    },
  });
}
