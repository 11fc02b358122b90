/**
 * Channels that are told within a moment go out together, so that a thousand bookings a second are some twenty messages, and a burst
 * never stands in the way of what else goes over the same connections.
 */

/** In the place of a channel: all of them. */
export const ALL = '*';

/** Between two messages. */
const GATHER_MS = 50;
/** More than so many at once are told as one: that everybody should ask. */
const MOST_CHANNELS = 2_000;

/** See the head of this file. */
export interface Gathering {
  /** Sends it soon. Never throws and never waits. */
  tell(channel: string): void;
  /** What has not been sent is not. */
  close(): void;
}

/** @param send gets each channel once, or {@link ALL} alone; the next waits until it has settled, however it has. */
export function gather(send: (channels: readonly string[]) => Promise<void>): Gathering {
  let gathered = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isSending = false;
  let closed = false;

  async function sendGathered(): Promise<void> {
    timer = undefined;
    const channels = gathered.size > MOST_CHANNELS ? [ALL] : [...gathered];
    gathered = new Set();
    isSending = true;
    await Promise.allSettled([send(channels), new Promise((resolve) => setTimeout(resolve, GATHER_MS))]);
    isSending = false;
    sendSoon();
  }
  function sendSoon(): void {
    if (closed || isSending || gathered.size === 0) return;
    // The first goes out with what happens in the same turn of the event loop.
    timer ??= setTimeout(sendGathered, 0);
  }

  return {
    tell(channel) {
      if (closed) return;
      if (gathered.size <= MOST_CHANNELS) gathered.add(channel);
      sendSoon();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
