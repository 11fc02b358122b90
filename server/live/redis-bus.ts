/**
 * Processes tell each other of all changes through Redis. Redis holds nothing: what is told while it is away is lost, and
 * everybody is told to ask when it goes and when it comes back.
 *
 * The package is loaded when `REDIS_URL` is set, and not before.
 */
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Bus, Ears } from './bus.ts';
import { ALL, gather } from './gathering.ts';

/** Between two tries to reach it. */
const LEAST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 1_000;
/** A connection over which nothing comes back for so long is given up. */
const PING_MS = 2_000;

/** What a Redis bus is opened with. */
export interface RedisBusOptions {
  readonly url: string;
  readonly log: Log;
}

/** Redis's channel. Sites that share a Redis hear each other's messages, which names none of what they watch. */
const CHANNEL = 'solvent:live';

/** What goes over Redis: who says it, and which channels have changed. */
interface Message {
  readonly from: string;
  readonly channels: readonly string[];
}

/** What cannot be read says no more than that something has happened. */
function readMessage(text: string): Message {
  try {
    const { from, channels } = JSON.parse(text) as Partial<Message>;
    if (typeof from === 'string' && Array.isArray(channels)) return { from, channels: channels.map(String) };
  } catch {
    // Told below as what it is.
  }
  return { from: '', channels: [ALL] };
}

/**
 * Opens an end of the bus. Resolves at once: a Redis that cannot be reached is no reason not to start, and is tried again and
 * again.
 */
export async function openRedisBus(options: RedisBusOptions, ears: Ears): Promise<Bus> {
  const { createClient } = await import('@redis/client');
  const { log } = options;
  const me = newId();
  const connect = () =>
    createClient({
      url: options.url,
      // What is told late is told in vain: who waits has asked by then.
      disableOfflineQueue: true,
      pingInterval: PING_MS,
      socket: {
        connectTimeout: 5_000,
        socketTimeout: 2 * PING_MS + 1_000,
        reconnectStrategy: (tries) => Math.min(LEAST_PAUSE_MS * 2 ** tries, MOST_PAUSE_MS),
      },
    });
  const teller = connect();
  const hearer = connect();

  let hears = false;
  let closed = false;
  const setHears = (now: boolean) => {
    if (hears === now || closed) return;
    hears = now;
    if (now) log.info({}, 'Redis is there: changes are heard as they happen.');
    else log.warn({}, 'Redis is away: whoever watches asks the database every two seconds.');
    ears.gap();
  };
  // Each try that fails is an error event too; that it is away has been said once.
  let lastError: string | undefined;
  const noteError = (error: Error) => {
    setHears(false);
    if (error.message !== lastError) log.debug({ error }, 'Redis cannot be reached.');
    lastError = error.message;
  };
  teller.on('error', noteError);
  hearer.on('error', noteError);
  hearer.on('reconnecting', () => setHears(false));
  hearer.on('end', () => setHears(false));

  const onMessage = (text: string) => {
    const message = readMessage(text);
    if (message.from === me || closed) return;
    for (const channel of message.channels) {
      if (channel === ALL) ears.gap();
      else ears.heard(channel);
    }
  };
  /** A connection that breaks before it is answered takes the question along: the library asks again only for what stood. */
  const subscribe = async (): Promise<void> => {
    while (!closed) {
      try {
        return await hearer.subscribe(CHANNEL, onMessage);
      } catch (error) {
        if (!hearer.isOpen) throw error;
        await new Promise((resolve) => setTimeout(resolve, MOST_PAUSE_MS));
      }
    }
  };
  const opened = Promise.all([teller.connect(), hearer.connect().then(subscribe)]).then(
    () => {
      lastError = undefined;
      if (hearer.isReady) setHears(true);
      // From now on the library subscribes again by itself before it says that it is ready.
      hearer.on('ready', () => {
        lastError = undefined;
        setHears(true);
      });
    },
    (error: unknown) => {
      if (!closed) log.error({ error }, 'Redis could not be connected to, and is not tried again.');
    },
  );
  // Most of the time it is there: then nothing has to be asked for in the first second.
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, 1_000);
  await Promise.race([opened, late.promise]);
  clearTimeout(timer);
  if (!hears) log.warn({}, 'Redis is away: whoever watches asks the database every two seconds.');

  const gathering = gather(async (channels) => {
    if (!teller.isReady) return;
    const message: Message = { from: me, channels };
    await teller.publish(CHANNEL, JSON.stringify(message)).catch((error: unknown) => {
      log.debug({ error }, 'A change could not be told; who waits for it asks by itself.');
    });
  });

  return {
    kind: 'redis',
    get isUp() {
      return hears;
    },
    takesAll: true,
    tell: (channel) => gathering.tell(channel),
    async close() {
      closed = true;
      gathering.close();
      teller.destroy();
      hearer.destroy();
      await opened;
    },
  };
}
