/** One submit to a provider, with its deadline. */
import { hash } from 'node:crypto';
import type { InputFile, Provider, SubmitRequest, SubmitResult } from '../providers/index.ts';
import { requestOf, type Work } from './record.ts';

/** Vendors ask for a stable name of the end user to fight abuse by; they need not learn ours. */
function endUserOf(accountId: string): string {
  return hash('sha256', `solvent:${accountId}`).slice(0, 32);
}

/** What a submit needs beside the generation itself. */
export interface SubmitOptions {
  readonly provider: Provider;
  readonly vendorModel: string;
  readonly input: InputFile | undefined;
  readonly webhookUrl: string | undefined;
  /** Aborted when the customer gives up a call that can be stopped. */
  readonly abort: AbortSignal;
}

/** What a provider is asked for. */
export function submitOf(
  { record }: Work,
  options: Pick<SubmitRequest, 'vendorModel' | 'input' | 'webhookUrl' | 'signal'>,
): SubmitRequest {
  const { routing: _, priority: __, ...request } = requestOf(record);
  return {
    generationId: record.id,
    model: record.model,
    request,
    get endUser() {
      return endUserOf(record.accountId);
    },
    ...options,
  };
}

/** Submits the present attempt of a generation, once. */
export async function submit(work: Work, options: SubmitOptions): Promise<SubmitResult> {
  const { provider, abort, vendorModel, input, webhookUrl } = options;
  const deadline = new AbortController();
  // A timer of our own rather than AbortSignal.timeout: it ends with the call instead of lingering behind it.
  const timer = setTimeout(() => deadline.abort(), provider.timeoutMs);
  const stop = () => deadline.abort();
  abort.addEventListener('abort', stop, { once: true });
  try {
    return await provider.submit(submitOf(work, { vendorModel, input, webhookUrl, signal: deadline.signal }));
  } finally {
    clearTimeout(timer);
    abort.removeEventListener('abort', stop);
  }
}
