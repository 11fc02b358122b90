/** A world with alerts: what happens in it is told in one line each, and so is what an operator hears of it. */
import {
  type AlertChange,
  type AlertKind,
  type AlertOptions,
  type Alerts,
  createAlerts,
  type Raise,
} from '../../server/alerts/index.ts';
import type { FakeClock } from '../../server/clock.ts';
import { type Live, openLive } from '../../server/live/index.ts';
import { silentLog } from '../../server/log.ts';
import { parseDecimal } from '../../server/money.ts';
import { openQueue, type Queue } from '../../server/queue/index.ts';
import type { DatabaseKind } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

export interface SpendOptions {
  readonly account?: string;
  readonly model?: string;
  readonly provider?: string;
  /** What was set aside; as much as it costs when not said. */
  readonly ceiling?: string;
  /** Credits that it burns, a cent each; 0 when not said. */
  readonly credits?: number;
}

export interface Stage {
  readonly world: World;
  readonly clock: FakeClock;
  readonly alerts: Alerts;
  readonly queue: Queue;
  readonly live: Live;
  /** An account of this external id, with ten thousand credits of a cent; made when it is first named. */
  account(externalId?: string, tier?: 'FREE' | 'PAYG'): Promise<string>;
  /** A call that is reserved and has not ended. Gives its generation's id. */
  hold(dollars: string, options?: SpendOptions): Promise<string>;
  /** A call that costs so much. */
  spend(dollars: string, options?: SpendOptions): Promise<void>;
  /** A call that came to nothing, of those that are held. */
  release(generationId: string): Promise<void>;
  /** Looks at what was signalled. */
  look(): Promise<void>;
  /** Forgets what was signalled, as a process does that dies. */
  forget(): void;
  setRule(kind: AlertKind, settings: Readonly<Record<string, string>>, enabled?: boolean): Promise<void>;
  raise(more?: Partial<Raise>): Promise<void>;
  /** Every change so far, from the first. */
  changes(): Promise<AlertChange[]>;
  /** The same, a line each: when, what became of it, how bad, and what it is about. */
  lines(): Promise<string[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** `11-20 12:00 OPENED WARNING BUDGET_WARNING GLOBAL DAY 80%` */
export function lineOf({ change, at, alert }: AlertChange): string {
  return [at.toISOString().slice(5, 16).replace('T', ' '), change, alert.severity, alert.kind, alert.subject]
    .filter(Boolean)
    .join(' ');
}

/** Alerts that can die: from then on they reach the database no more, whatever they still have to do. */
export interface Mortal {
  readonly alerts: Alerts;
  die(): void;
  /** Dies, and waits for what was under way. */
  end(): Promise<void>;
}

/** Makes alerts of a process that can die. */
export function createMortal(options: AlertOptions): Mortal {
  let dead = false;
  const { database } = options;
  const living =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      dead ? Promise.reject(new Error('This process has died.')) : work(...args);
  const alerts = createAlerts({
    ...options,
    database: {
      ...database,
      query: living(database.query) as typeof database.query,
      transaction: living(database.transaction) as typeof database.transaction,
    },
  });
  const die = () => {
    dead = true;
  };
  return {
    alerts,
    die,
    async end() {
      die();
      await alerts.stop();
    },
  };
}

/** Another process's alerts on the same database. Its queue is the first one's, since that is the database's. */
export function anotherAlerts(stage: Stage, more: Partial<AlertOptions> = {}): Alerts {
  return createAlerts({
    database: stage.world.database,
    clock: stage.clock,
    log: silentLog,
    live: stage.live,
    queue: stage.queue,
    allowPrivateHosts: true,
    smtp: undefined,
    ...more,
  });
}

/** Opens a stage. No budget stands on it. */
export async function openStage(
  kind: DatabaseKind,
  options: { readonly smtp?: { url: string; from: string }; readonly timeoutMs?: number } = {},
): Promise<Stage> {
  let alerts: Alerts | undefined;
  const world = await openWorld({
    kind,
    observer: {
      reserved: (...told) => alerts?.observer.reserved(...told),
      settled: (...told) => alerts?.observer.settled(...told),
      rerouted: (...told) => alerts?.observer.rerouted(...told),
    },
  });
  const { database, clock } = world;
  const live = await openLive({ database, log: silentLog });
  const queue = await openQueue({ database, log: silentLog });
  const open = () =>
    createMortal({
      database,
      clock,
      log: silentLog,
      live,
      queue,
      allowPrivateHosts: true,
      smtp: options.smtp,
      timeoutMs: options.timeoutMs,
    });
  const ended: Mortal[] = [];
  let current = open();
  alerts = current.alerts;
  let accounts = new Map<string, string>();

  const stage: Stage = {
    world,
    clock,
    get alerts() {
      return current.alerts;
    },
    queue,
    live,
    async account(externalId = 'ada', tier = 'PAYG') {
      const known = accounts.get(externalId);
      if (known) return known;
      const id = await world.account({ credits: 10_000, tier });
      await database.query('UPDATE account SET external_id = $2 WHERE id = $1', [id, externalId]);
      accounts.set(externalId, id);
      return id;
    },
    async hold(dollars, given = {}) {
      return world.reserve(given.account ?? (await stage.account()), {
        credits: given.credits ?? 0,
        ceilingMicros: parseDecimal(dollars),
        provider: given.provider ?? 'openai',
        model: given.model ?? 'openai/gpt-image',
      });
    },
    async spend(dollars, given = {}) {
      const id = await stage.hold(given.ceiling ?? dollars, given);
      await world.post(id, {
        credits: given.credits ?? 0,
        attempts: [
          {
            number: 1,
            provider: given.provider ?? 'openai',
            model: given.model ?? 'openai/gpt-image',
            outcome: 'SUCCEEDED',
            costMicros: parseDecimal(dollars),
            costSource: 'vendor',
            modelCostId: null,
            durationMs: 1_000,
            jobId: null,
            error: null,
            startedAt: clock.now(),
            final: true,
          },
        ],
      });
    },
    async release(id) {
      await world.void(id);
    },
    look: () => current.alerts.flush(),
    forget() {
      current.die();
      ended.push(current);
      current = open();
      alerts = current.alerts;
    },
    async setRule(kindOfRule, settings, enabled) {
      const given = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const set = await current.alerts.setRule({ kind: kindOfRule, settings: given, enabled }, 'admin:test');
      if (set.status !== 'set') throw new Error(JSON.stringify(set));
    },
    async raise(more = {}) {
      await current.alerts.raise({
        kind: 'RESERVATION_ORPHANED',
        subject: 'dp_1',
        severity: 'WARNING',
        title: 'A process has died',
        detail: 'It is $20.00.',
        ...more,
      });
    },
    changes: () => current.alerts.changesAfter(0, 1_000),
    lines: async () => (await stage.changes()).map(lineOf),
    async reset() {
      stage.forget();
      // What these still have under way would get into the way of the next world.
      await Promise.all(ended.splice(0).map((each) => each.end()));
      accounts = new Map();
      await world.reset([
        'alert',
        'alert_event',
        'alert_rule',
        'alert_channel',
        'alert_delivery',
        'alert_escalation',
        'lease',
        'provider_circuit',
        'catalog_model',
        'dispute',
        'auto_top_up',
      ]);
      await database.query('UPDATE alert_sequence SET last = 0');
    },
    async close() {
      await current.alerts.stop();
      await queue.stop(1_000);
      await live.close();
      await world.close();
    },
  };
  return stage;
}
