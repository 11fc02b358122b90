/**
 * The door of the routing room: which providers are left alone because their calls fail.
 *
 * One circuit a provider, in each process: CLOSED while calls succeed; OPEN after {@link Thresholds.failures} failures
 * in a row, and then no call goes there; HALF-OPEN after a pause, when a single call tries it, and closes or opens it
 * again. An open circuit is written down, so that the other processes leave the provider alone too, and `catalog` of a
 * process that makes no calls tells the truth.
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
import type { Database } from '../database/index.ts';
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
  /** Providers that are left alone, as this process and the others know. */
  open(): readonly statements.OpenCircuit[];
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
  /** Until when nothing goes there; 0 while it is closed. Unix milliseconds. */
  openUntil: number;
  /** The failure that was seen last, in the operator's words. */
  reason: string;
}

/** Opens the routing room of one process. */
export async function createRouting(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly thresholds?: Thresholds | undefined;
}): Promise<Routing> {
  const { database, clock, log, thresholds = THRESHOLDS } = options;
  const circuits = new Map<string, Circuit>();
  let elsewhere = new Map<string, statements.OpenCircuit>();

  const keep = (work: Promise<void>, provider: string) =>
    void work.catch((error: unknown) =>
      log.warn({ provider, error }, 'The state of a circuit could not be written down.'),
    );

  function circuitOf(provider: string): Circuit {
    const known = circuits.get(provider);
    if (known) return known;
    const policy = circuitBreaker(
      handleWhenResult((result) => isFault(result as SubmitResult)),
      { breaker: new ConsecutiveBreaker(thresholds.failures), halfOpenAfter: thresholds.pauseMs },
    );
    const circuit: Circuit = { policy, openUntil: 0, reason: '' };
    policy.onBreak(() => {
      const openedAt = clock.now();
      const until = new Date(openedAt.getTime() + thresholds.pauseMs);
      // The library reads the system's clock, and so does whoever asks whether its pause is over.
      circuit.openUntil = Date.now() + thresholds.pauseMs;
      const open = { provider, openedAt, until, reason: circuit.reason.slice(0, 1_000) };
      elsewhere.set(provider, open);
      log.warn({ provider, reason: circuit.reason }, 'A provider is left alone: its calls fail.');
      keep(statements.openCircuit(database, open), provider);
    });
    policy.onReset(() => {
      circuit.openUntil = 0;
      elsewhere.delete(provider);
      log.info({ provider }, 'A provider works again.');
      keep(statements.closeCircuit(database, provider), provider);
    });
    circuits.set(provider, circuit);
    return circuit;
  }

  async function run(provider: string, submit: () => Promise<SubmitResult>): Promise<SubmitResult> {
    const circuit = circuitOf(provider);
    // While one call tries, the library would let the others wait for what comes of it, perhaps for minutes.
    if (circuit.policy.state === CircuitState.HalfOpen) return LEFT_ALONE;
    let silent: SubmitResult | undefined;
    try {
      return await circuit.policy.execute(async () => {
        const result = await submit();
        if (isFault(result)) circuit.reason = (result as ProviderFailure).detail;
        if (!speaks(result)) silent = result;
        // Thrown, it is neither a success nor a failure of the circuit's.
        if (silent) throw SAYS_NOTHING;
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
      const circuit = circuitOf(provider);
      // A job that ended is no trial: only a call opens the way again.
      if (circuit.policy.state !== CircuitState.Closed) return;
      run(provider, () => Promise.resolve(result)).catch(() => {});
    },
    open: () => [...elsewhere.values()],
    async refresh() {
      const rows = await statements.readCircuits(database);
      elsewhere = new Map(rows.map((row) => [row.provider, row]));
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
