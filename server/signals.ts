/**
 * That this process is to stop, heard from its beginning on: the first process of a container is not told of a signal that it does
 * not listen to, would finish its start, take calls, and be killed over them.
 */

/** What says that a process is to stop. */
export type StopSignal = 'SIGTERM' | 'SIGINT';

/** What has been heard, and who is told. */
export interface StopSignals {
  /** The signal that came during the start; null while none has. A second one ends the process at once. */
  readonly heard: StopSignal | null;
  /** From now on `stop` is told of each; at once when one has been heard. */
  handle(stop: (signal: StopSignal) => void): void;
}

/** Begins to listen. */
export function hearStopSignals(): StopSignals {
  let heard: StopSignal | null = null;
  let told: ((signal: StopSignal) => void) | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (told) return told(signal);
      if (heard) process.exit(1);
      heard = signal;
      process.stderr.write('Stopping as soon as the start has come so far; once more ends it at once.\n');
    });
  }
  return {
    get heard() {
      return heard;
    },
    handle(stop) {
      told = stop;
      if (heard) stop(heard);
    },
  };
}
