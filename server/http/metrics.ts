/** `/metrics` for Prometheus: the process, and what goes through the ledger. No account and no secret is in it. */
import type { ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Core } from '../core.ts';

/** Metrics of one server. */
export function createMetrics(core: Core) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const fromCounts = (kind: 'batches' | 'items') =>
    new Counter({
      name: `solvent_ledger_${kind}_total`,
      help: kind === 'batches' ? 'Transactions of the ledger.' : 'Reservations and settlements in them.',
      labelNames: ['statement'],
      registers: [registry],
      collect() {
        this.reset();
        const counts = core.ledger.counts();
        this.inc({ statement: 'reserve' }, counts.reserve[kind]);
        this.inc({ statement: 'settle' }, counts.settle[kind]);
      },
    });
  fromCounts('batches');
  fromCounts('items');
  new Gauge({
    name: 'solvent_calls_under_way',
    help: 'Provider calls that this process waits for.',
    registers: [registry],
    collect() {
      this.set(core.generations.active);
    },
  });
  new Gauge({
    name: 'solvent_provider_circuit_open',
    help: 'Whether a provider is left alone because its calls failed: 1 until one has succeeded again.',
    labelNames: ['provider'],
    registers: [registry],
    collect() {
      this.reset();
      const { open } = core.routing;
      for (const provider of new Set([...core.providers.names, ...open])) {
        this.set({ provider }, open.includes(provider) ? 1 : 0);
      }
    },
  });
  new Gauge({
    name: 'solvent_live_listeners',
    help: 'Subscriptions that listen for changes in this process.',
    registers: [registry],
    collect() {
      this.set(core.live.listeners);
    },
  });

  return async (response: ServerResponse): Promise<void> => {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' });
    response.end(text);
  };
}
