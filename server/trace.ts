/** The rooms that a paid call goes through, with a span around what it waits for. */
import type { Ledger } from './ledger/index.ts';
import type { Provider } from './providers/index.ts';
import type { Tracing } from './tracing/index.ts';

/** The ledger, with spans around reserving and settling; the time within is also spent in a batch of others. */
export function tracedLedger(ledger: Ledger, tracing: Tracing): Ledger {
  if (!tracing.isOn) return ledger;
  return {
    ...ledger,
    reserve: (item) =>
      tracing.span(
        'reserve',
        {
          'solvent.generation_id': item.id,
          'solvent.operation': item.operation,
          'solvent.model': item.model,
          'solvent.credits': item.credits,
        },
        async (span) => {
          const outcome = await ledger.reserve(item);
          span.note({ 'solvent.outcome': outcome.status });
          return outcome;
        },
      ),
    settle: (item) =>
      tracing.span(
        'settle',
        { 'solvent.generation_id': item.generationId, 'solvent.action': item.action },
        async (span) => {
          const outcome = await ledger.settle(item);
          span.note({ 'solvent.outcome': outcome.status, 'solvent.credits': outcome.creditsCharged });
          return outcome;
        },
      ),
  };
}

/** A provider, with a span around each submit. */
export function tracedProvider(provider: Provider, tracing: Tracing): Provider {
  if (!tracing.isOn) return provider;
  return {
    ...provider,
    submit: (submit) =>
      tracing.span('provider call', { 'solvent.provider': provider.name }, async (span) => {
        const result = await provider.submit(submit);
        span.note({ 'solvent.outcome': result.status });
        if (result.status === 'failed') span.fail(result.detail);
        return result;
      }),
  };
}
