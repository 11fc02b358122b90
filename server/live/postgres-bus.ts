/** Processes of one Postgres tell each other by its own NOTIFY: no service more, and only for what happens seldom. */
import { listen, type NativePostgres, notify, type Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Bus, Ears } from './bus.ts';
import { ALL, gather } from './gathering.ts';

/** The database's channel. What goes over it: who says it, a space, and what has changed. */
const CHANNEL = 'solvent_live';

/**
 * Opens an end of the bus. Resolves when it hears.
 *
 * @param sql tells; listening has a connection of its own.
 */
export async function openPostgresBus(sql: Sql, native: NativePostgres, log: Log, ears: Ears): Promise<Bus> {
  const me = newId();
  let hears = true;
  const setHears = (now: boolean) => {
    hears = now;
    if (now) log.info({}, 'Changes of other processes are heard again.');
    else log.warn({}, 'Changes of other processes are not heard: the connection to the database broke.');
    ears.gap();
  };
  const listening = await listen(native, CHANNEL, {
    said(message) {
      const cut = message.indexOf(' ');
      if (message.slice(0, cut) === me) return;
      const channel = message.slice(cut + 1);
      if (channel === ALL) ears.gap();
      else ears.heard(channel);
    },
    lost: () => setHears(false),
    back: () => setHears(true),
  });
  const gathering = gather((channels) =>
    notify(
      sql,
      CHANNEL,
      channels.map((channel) => `${me} ${channel}`),
    ).catch((error: unknown) => {
      log.warn({ error }, 'A change could not be announced; who waits for it asks by itself.');
    }),
  );
  return {
    kind: 'postgres',
    get isUp() {
      return hears;
    },
    takesAll: false,
    tell: (channel) => gathering.tell(channel),
    async close() {
      hears = false;
      gathering.close();
      await listening.close();
    },
  };
}
