/**
 * The door of the routing room: which providers are left alone because their calls fail.
 *
 * One circuit a provider, in each process: CLOSED while calls succeed; OPEN after {@link Thresholds.failures} failures
 * in a row, and then no call goes there; HALF-OPEN after a pause, when a single call tries it, and closes or opens it
 * again. An open circuit is written down, so that the other processes leave the provider alone too and try it as
 * carefully, a process that starts knows of it, and `catalog` of one that makes no calls tells the truth. Whoever finds
 * that the provider works again takes the row away, which closes the circuits of all.
 *
 * What counts as a failure is the vendor's: a time-out, a rate limit, an outage, a refused key. A refused prompt, an
 * argument that cannot be, and a customer's empty balance say nothing of the vendor.
 */
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from 'cockatiel';
import type { Clock } from '../clock.ts';
import { type Database, storable } from '../database/index.ts';
import type { Log } from '../log.ts';
import type { ProviderFailure, SubmitResult } from '../providers/index.ts';
import * as statements from './statements.ts';

export type { OpenCircuit } from './statements.ts';

/** When a provider is left alone, and for how long. */
export interface Thresholds {
  /** Failures in a row. */
  readonly failures: number;
  /** How long before one call tries it again, in milliseconds. */
  readonly pauseMs: number;
}

/** Five failures in a row, and ten seconds of peace. */
export const THRESHOLDS: Thresholds = { failures: 5, pauseMs: 10_000 };

/** How often to read what other processes have found, in milliseconds. */
const REFRESH_MS = 1_000;

/** How a provider is: its circuit, and since when, until when and why it is left alone. Null while it is not. */
export interface Health {
  readonly circuit: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  readonly since: Date | null;
  /** When one call may try it again; in the past once it is HALF_OPEN. */
  readonly until: Date | null;
  readonly reason: string | null;
}

const CLOSED: Health = { circuit: 'CLOSED', since: null, until: null, reason: null };

/** Which providers are healthy. */
export interface Routing {
  /** Whether a call may go to a provider now. Asked several times a call: it takes no time. */
  isHealthy(provider: string): boolean;
  /**
   * Makes a call unless the provider is left alone, and learns from what comes of it.
   *
   * @returns the call's result; a failure that was never sent when the provider is left alone.
   */
  call(provider: string, submit: () => Promise<SubmitResult>): Promise<SubmitResult>;
  /** Learns from what became of a call that was made before: a job that ended. */
  learn(provider: string, result: SubmitResult): void;
  /** How a provider is, as this process and the others know. */
  health(provider: string): Health;
  /** Names of the providers whose circuits are not closed. */
  readonly open: readonly string[];
  /** Reads what other processes have found. */
  refresh(): Promise<void>;
  /** Stops reading. */
  close(): void;
}

const LEFT_ALONE: ProviderFailure = {
  status: 'failed',
  code: 'PROVIDER_UNAVAILABLE',
  billed: 'no',
  retryable: true,
  message: 'The provider is not available at the moment.',
  detail: 'Its last calls failed, so that it is left alone for a while: this one was not sent.',
};

/** Whether a result says that the vendor does not work. */
function isFault(result: SubmitResult): boolean {
  return result.status === 'failed' && result.code === 'PROVIDER_UNAVAILABLE';
}

/** Whether a result says anything of the vendor: refusals and bad arguments do not, not even that it works. */
function speaks(result: SubmitResult): boolean {
  return result.status !== 'failed' || isFault(result);
}

/** A circuit of this process. */
interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  /** Until when nothing goes there; 0 while it is closed. Unix milliseconds of the system's clock. */
  openUntil: number;
  /** The failure that was seen last, in the operator's words. */
  reason: string;
  /** What is written down of it while it is not closed. */
  row: statements.OpenCircuit | null;
  /** Whether the row is there to be read: one that is being written is not missed. */
  written: boolean;
  /** Whether the call that tried the provider has learnt nothing of it. */
  untold: boolean;
}

/** Opens the routing room of one process. */
export async function createRouting(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly thresholds?: Thresholds | undefined;
  /** Told when it was written down that a circuit has opened or closed. */
  readonly onChanged?: () => void;
}): Promise<Routing> {
  const { database, clock, log, thresholds = THRESHOLDS, onChanged } = options;
  const circuits = new Map<string, Circuit>();
  let elsewhere = new Map<string, statements.OpenCircuit>();

  const keep = (work: Promise<void>, provider: string) =>
    void work.catch((error: unknown) =>
      log.warn({ provider, error }, 'The state of a circuit could not be written down.'),
    );

  /** @param row what another process, or this one before its start, has written down: then it begins open. */
  function makeCircuit(provider: string, row: statements.OpenCircuit | null): Circuit {
    // The library reads the system's clock, and so does whoever asks whether its pause is over.
    const openUntil = row ? Date.now() + row.until.getTime() - clock.now().getTime() : 0;
    const initialState = row && {
      ownState: { value: CircuitState.Open, openedAt: openUntil - thresholds.pauseMs, attemptNo: 1 },
      breakerState: 0,
    };
    const policy = circuitBreaker(
      handleWhenResult((result) => isFault(result as SubmitResult)),
      {
        breaker: new ConsecutiveBreaker(thresholds.failures),
        halfOpenAfter: thresholds.pauseMs,
        ...(initialState ? { initialState } : {}),
      },
    );
    const circuit: Circuit = {
      policy,
      openUntil,
      reason: row?.reason ?? '',
      row,
      written: row !== null,
      untold: false,
    };
    policy.onBreak(() => {
      const now = clock.now();
      circuit.openUntil = Date.now() + thresholds.pauseMs;
      circuit.row = {
        provider,
        openedAt: circuit.row?.openedAt ?? now,
        until: new Date(now.getTime() + thresholds.pauseMs),
        reason: storable(circuit.reason.slice(0, 1_000)),
      };
      elsewhere.set(provider, circuit.row);
      log.warn({ provider, reason: circuit.reason }, 'A provider is left alone: its calls fail.');
      const writing = statements.openCircuit(database, circuit.row).then(() => {
        circuit.written = true;
        onChanged?.();
      });
      keep(writing, provider);
    });
    policy.onReset(() => {
      if (circuit.untold && circuit.row) {
        // To the library what is thrown ends the trial well. The next call is the trial.
        makeCircuit(provider, circuit.row).written = circuit.written;
        return;
      }
      Object.assign(circuit, { openUntil: 0, row: null, written: false });
      elsewhere.delete(provider);
      log.info({ provider }, 'A provider works again.');
      keep(
        statements.closeCircuit(database, provider).then(() => onChanged?.()),
        provider,
      );
    });
    circuits.set(provider, circuit);
    return circuit;
  }

  function circuitOf(provider: string): Circuit {
    const known = circuits.get(provider);
    const row = elsewhere.get(provider);
    if (!known) return makeCircuit(provider, row ?? null);
    // What another process has found to fail is tried here as carefully as there.
    if (row && known.policy.state === CircuitState.Closed) return makeCircuit(provider, row);
    return known;
  }

  async function run(provider: string, submit: () => Promise<SubmitResult>): Promise<SubmitResult> {
    const circuit = circuitOf(provider);
    // While one call tries, the library would let the others wait for what comes of it, perhaps for minutes.
    if (circuit.policy.state === CircuitState.HalfOpen) return LEFT_ALONE;
    circuit.untold = true;
    let silent: SubmitResult | undefined;
    try {
      return await circuit.policy.execute(async () => {
        const result = await submit();
        if (isFault(result)) circuit.reason = (result as ProviderFailure).detail;
        if (!speaks(result)) silent = result;
        // Thrown, it is neither a success nor a failure of the circuit's.
        if (silent) throw SAYS_NOTHING;
        circuit.untold = false;
        return result;
      });
    } catch (error) {
      if (silent && error === SAYS_NOTHING) return silent;
      if (error instanceof BrokenCircuitError) return LEFT_ALONE;
      throw error;
    }
  }

  const routing: Routing = {
    isHealthy(provider) {
      const circuit = circuits.get(provider);
      const state = circuit?.policy.state;
      if (state === CircuitState.HalfOpen) return false;
      if (state === CircuitState.Open && Date.now() < (circuit?.openUntil ?? 0)) return false;
      const other = elsewhere.get(provider);
      return other === undefined || other.until.getTime() <= clock.now().getTime();
    },
    call: run,
    learn(provider, result) {
      // A job that ended is no trial: only a call opens the way again.
      if (circuitOf(provider).policy.state !== CircuitState.Closed) return;
      run(provider, () => Promise.resolve(result)).catch(() => {});
    },
    health(provider) {
      const circuit = circuits.get(provider);
      const row = elsewhere.get(provider) ?? circuit?.row;
      if (!row) return CLOSED;
      const { openedAt: since, until, reason } = row;
      const waits = until > clock.now() && circuit?.policy.state !== CircuitState.HalfOpen;
      return { circuit: waits ? 'OPEN' : 'HALF_OPEN', since, until, reason };
    },
    get open() {
      const here = [...circuits].filter(([, { row }]) => row !== null).map(([provider]) => provider);
      return [...new Set([...elsewhere.keys(), ...here])].sort();
    },
    async refresh() {
      const written = [...circuits].filter(([, circuit]) => circuit.written);
      const rows = await statements.readCircuits(database);
      elsewhere = new Map(rows.map((row) => [row.provider, row]));
      for (const [provider, circuit] of written) {
        const isTrying = circuit.policy.state === CircuitState.HalfOpen;
        // Another process has found that it works again.
        if (!elsewhere.has(provider) && !isTrying && circuits.get(provider) === circuit) {
          circuits.delete(provider);
        }
      }
    },
    close: () => clearInterval(timer),
  };

  let reading = false;
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    routing
      .refresh()
      .catch((error: unknown) => log.warn({ error }, 'The circuits could not be read.'))
      .finally(() => {
        reading = false;
      });
  }, REFRESH_MS);
  timer.unref();
  await routing.refresh();
  return routing;
}

const SAYS_NOTHING = new Error('This result says nothing of the vendor.');
