/**
 * `/metrics` for Prometheus. What a process has done since its start are counters, to be added up over processes; how the
 * whole site stands are gauges, which each process reads from the database and of which one is enough. No account and no
 * secret is in it, and every label has few values.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Core } from '../core.ts';
import { dollars } from '../money.ts';
import type { AttemptCount } from '../watch/index.ts';
import type { FanOut } from './fan-out.ts';
import { createSiteFigures, type SiteFigures } from './site-figures.ts';

/** What the metrics of a server are read from, beside the core. */
export interface MetricsOptions {
  readonly core: Core;
  readonly fanOut: FanOut;
  /** How many WebSockets are open. */
  readonly sockets: () => number;
}

/** The metrics of one server. */
export interface Metrics {
  /** Answers a scrape. */
  answer(response: ServerResponse): Promise<void>;
  /** Counts a request when it has been answered. */
  count(request: IncomingMessage, response: ServerResponse): void;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** The parts of the server, so that a path that somebody made up is no label. */
const PARTS = ['graphql', 'files', 'webhooks', 'health', 'metrics'];

function partOf(url: string | undefined): string {
  const name = /^\/([^/?]*)/.exec(url ?? '')?.[1] ?? '';
  return PARTS.includes(name) ? name : 'other';
}

/** Metrics of one server. */
export function createMetrics({ core, fanOut, sockets }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  /** A metric whose samples are read when somebody asks for them. */
  const define = (
    Kind: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly Sample[],
  ) => {
    new Kind({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  };
  const one = (value: number): readonly Sample[] => [[{}, value]];

  // ------------------------------------------------------------------------------------------------ calls and money

  const { attempts, reservations } = core.booked;
  const byModel = (value: (count: AttemptCount) => number) => () =>
    [...attempts.values()].map((count): Sample => {
      return [{ provider: count.provider, model: count.model, outcome: count.outcome }, value(count)];
    });
  const model = ['provider', 'model', 'outcome'];
  define(
    Counter,
    'solvent_reservations_total',
    'Paid calls that were asked for, by what came of it.',
    ['outcome'],
    () => [...reservations].map(([outcome, count]): Sample => [{ outcome }, count]),
  );
  define(
    Counter,
    'solvent_attempts_total',
    'Calls to providers that were booked.',
    model,
    byModel(({ calls }) => calls),
  );
  define(
    Counter,
    'solvent_credits_charged_total',
    'Credits that they cost accounts.',
    model,
    byModel(({ credits }) => credits),
  );
  define(
    Counter,
    'solvent_cost_dollars_total',
    'What providers bill for them.',
    model,
    byModel((count) => dollars(count.costMicros)),
  );
  define(
    Counter,
    'solvent_revenue_dollars_total',
    'What the burned credits earned.',
    model,
    byModel((count) => dollars(count.revenueMicros)),
  );
  define(
    Counter,
    'solvent_attempt_seconds_total',
    'How long they took, added up.',
    model,
    byModel(({ durationMs }) => durationMs / 1000),
  );
  const fromCounts = (kind: 'batches' | 'items', help: string) =>
    define(Counter, `solvent_ledger_${kind}_total`, help, ['statement'], () => {
      const counts = core.ledger.counts();
      return [
        [{ statement: 'reserve' }, counts.reserve[kind]],
        [{ statement: 'settle' }, counts.settle[kind]],
      ];
    });
  fromCounts('batches', 'Transactions of the ledger.');
  fromCounts('items', 'Reservations and settlements in them.');
  define(Gauge, 'solvent_calls_under_way', 'Provider calls that this process waits for.', [], () =>
    one(core.generations.active),
  );
  define(
    Gauge,
    'solvent_provider_circuit_open',
    'Whether a provider is left alone because its calls failed: 1 until one has succeeded again.',
    ['provider'],
    () => {
      const { open } = core.routing;
      return [...new Set([...core.providers.names, ...open])].map((provider): Sample => {
        return [{ provider }, open.includes(provider) ? 1 : 0];
      });
    },
  );

  // ------------------------------------------------------------------------------------------------ who watches

  define(Gauge, 'solvent_subscribers', 'Readers of subscriptions.', ['field', 'transport'], () =>
    fanOut.counts().readers.map(({ field, transport, count }): Sample => [{ field, transport }, count]),
  );
  define(Gauge, 'solvent_subscription_streams', 'Subscriptions that are executed: equal ones once.', [], () =>
    one(fanOut.counts().streams),
  );
  define(
    Counter,
    'solvent_subscription_events_total',
    'Events that were written, each once however many read it.',
    ['field'],
    () => [...fanOut.counts().events].map(([field, count]): Sample => [{ field }, count]),
  );
  define(
    Counter,
    'solvent_subscribers_cut_off_total',
    'Connections that were closed because they were not read.',
    [],
    () => one(fanOut.counts().cutOff),
  );
  define(Gauge, 'solvent_websockets_open', 'WebSockets that are open.', [], () => one(sockets()));
  define(Gauge, 'solvent_live_listeners', 'What listens for changes in this process.', [], () =>
    one(core.live.listeners),
  );
  define(
    Gauge,
    'solvent_bus_up',
    'Whether this process hears of what others change: 0 while it asks the database instead.',
    ['bus'],
    () => [[{ bus: core.live.bus.kind }, core.live.bus.isUp ? 1 : 0]],
  );

  // ------------------------------------------------------------------------------------------------ requests

  const requests = new Counter({
    name: 'solvent_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['part', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'solvent_http_request_seconds',
    help: 'How long answers took, those of subscriptions left out.',
    labelNames: ['part'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers,
  });

  // ------------------------------------------------------------------------------------------------ the whole site

  const site = createSiteFigures(core);
  let figures: SiteFigures | null = null;
  define(Gauge, 'solvent_database_up', 'Whether the database answers.', [], () => one(figures ? 1 : 0));
  for (const { name, help, labels, read } of site.metrics) {
    define(Gauge, name, help, labels, () => (figures ? read(figures) : []));
  }

  return {
    async answer(response) {
      figures = await site.read();
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' });
      response.end(text);
    },
    count(request, response) {
      const part = partOf(request.url);
      const startedAt = performance.now();
      response.once('close', () => {
        requests.inc({ part, status: String(response.statusCode) });
        const isStream = String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
        if (!isStream) seconds.observe({ part }, (performance.now() - startedAt) / 1000);
      });
    },
  };
}
