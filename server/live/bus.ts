/**
 * What tells the processes of one site of each other's changes. A message names a channel and carries nothing else: who
 * hears it reads what has changed, so that one that comes late, or twice, does no harm. Nothing is relied on to arrive:
 * while a bus is down, whoever waits asks the database.
 */

/** What a process is told by its bus. */
export interface Ears {
  /** Another process has changed something of this channel. */
  heard(channel: string): void;
  /** Something may have been missed, or the bus has gone or come back: whoever waits should ask now. */
  gap(): void;
}

/** One process's end of the bus. */
export interface Bus {
  readonly kind: 'process' | 'postgres' | 'redis';
  /** Whether what others tell is heard at present. */
  readonly isUp: boolean;
  /**
   * Whether telling costs little enough for all that happens. Where it does not, only what happens seldom is told, and the
   * rest is asked for.
   */
  readonly takesAll: boolean;
  /** Tells every other process, soon. Never throws and never waits. */
  tell(channel: string): void;
  close(): Promise<void>;
}

/** Makes ends of a bus that lies within this process. What one tells, all the others hear. */
export function createProcessBus(): (ears: Ears) => Bus {
  const ends = new Set<Ears>();
  return (ears) => {
    ends.add(ears);
    return {
      kind: 'process',
      get isUp() {
        return ends.has(ears);
      },
      takesAll: true,
      tell(channel) {
        if (!ends.has(ears)) return;
        for (const other of ends) if (other !== ears) queueMicrotask(() => other.heard(channel));
      },
      async close() {
        ends.delete(ears);
      },
    };
  };
}
