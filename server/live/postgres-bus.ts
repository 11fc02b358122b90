/** Processes of one Postgres tell each other by its own NOTIFY: no service more, and only for what happens seldom. */
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Bus, Ears } from './bus.ts';

/** The database's channel. */
const CHANNEL = 'solvent_live';

/** Opens an end of the bus. Resolves when it hears. */
export async function openPostgresBus(database: Database, log: Log, ears: Ears): Promise<Bus> {
  const me = newId();
  const listening = await database.listen(
    CHANNEL,
    (message) => {
      const cut = message.indexOf(' ');
      if (message.slice(0, cut) !== me) ears.heard(message.slice(cut + 1));
    },
    () => ears.gap(),
  );
  let closed = false;
  return {
    kind: 'postgres',
    get isUp() {
      return !closed;
    },
    takesAll: false,
    tell(channel) {
      if (closed) return;
      database.notify(CHANNEL, `${me} ${channel}`).catch((error: unknown) => {
        log.warn({ error }, 'A change could not be announced; who waits for it asks by itself.');
      });
    },
    async close() {
      closed = true;
      await listening.close();
    },
  };
}
