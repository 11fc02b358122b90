/**
 * What vendors report of their jobs. A report goes to an address that names its generation and attempt and that only
 * Solvent can make, so that it finds its way also when it comes before the answer to the submit; one without (a vendor
 * whose address is set in its own pages) names its job. The vendor's reader says whether to believe it. What it says
 * is taken as an answer to `check` is: once, whichever comes first.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { isUuid } from '../ids.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import type {
  Provider,
  Providers,
  SubmitResult,
  WebhookAccepted,
  WebhookDelivery,
} from '../providers/index.ts';
import type { GenerationRecord, Work } from './record.ts';
import * as statements from './statements.ts';

/** A report as it arrived. */
export interface Report {
  /** As in the address. */
  readonly provider: string;
  /** What the address names the call by; null when it names none. */
  readonly call: string | null;
  readonly delivery: Omit<WebhookDelivery, 'receivedAt'>;
}

export type ReportOutcome =
  /** Its effect is committed, or there was none to be had. */
  | { readonly status: 'taken' }
  /** It is not to be believed, or not to be read. */
  | { readonly status: 'rejected'; readonly reason: string }
  /** No such provider, or none that reports; or no such job. */
  | { readonly status: 'not-found'; readonly reason: string };

/** The reports of vendors. */
export interface Reports {
  /** The address for the report of an attempt's job; undefined when nobody outside can reach this server. */
  urlFor(provider: string, generationId: string, attempt: number): string | undefined;
  /** Takes a report. When it resolves as taken, what follows from it is committed. */
  take(report: Report): Promise<ReportOutcome>;
}

/** How long the question may take that a report without proof gives rise to. */
const ASK_MS = 15_000;

/** What an address names. */
interface Call {
  readonly generationId: string;
  readonly attempt: number;
}

/** Makes the reports' part of the room. */
export function createReports(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly providers: Providers;
  readonly publicUrl: string | undefined;
  readonly sign: (text: string) => string;
  readonly take: (work: Work, provider: Provider, result: SubmitResult) => Promise<GenerationRecord | null>;
}): Reports {
  const { database, clock, log, ledger, providers, sign } = options;

  const proofOf = (provider: string, generationId: string, attempt: string) =>
    sign(`report:${provider}:${generationId}:${attempt}`).slice(0, 32);

  /** What the address names, or null when nobody but a forger can have made it. */
  function readCall(provider: string, text: string): Call | null {
    const [generationId = '', attempt = '', proof = ''] = text.split('.');
    if (!isUuid(generationId) || !/^[1-9]\d{0,3}$/.test(attempt)) return null;
    const right = Buffer.from(proofOf(provider, generationId, attempt));
    const given = Buffer.from(proof);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    return { generationId, attempt: Number(attempt) };
  }

  async function workOf(
    provider: Provider,
    call: Call | null,
    reading: WebhookAccepted,
  ): Promise<Work | ReportOutcome> {
    const work = call
      ? await statements.readWork(database, call.generationId)
      : await statements.readWorkByJob(database, provider.name, reading.jobId);
    // The report of an attempt that another has followed is booked already, as far as it can be.
    if (work && call && call.attempt !== work.record.attemptNumber) return { status: 'taken' };
    if (!work || work.record.provider !== provider.name) {
      return { status: 'not-found', reason: 'No generation is waiting for this job.' };
    }
    const { record } = work;
    if (record.jobId !== null && record.jobId !== reading.jobId) {
      return { status: 'rejected', reason: 'This address is for the report of another job.' };
    }
    if (record.jobId !== null) return work;
    // It came before the answer to the submit: from here on it can be asked after.
    const expiresAt = new Date(clock.now().getTime() + (provider.jobTimeoutMs ?? 0) + provider.timeoutMs);
    await ledger.recordJob({
      generationId: record.id,
      number: record.attemptNumber,
      jobId: reading.jobId,
      expiresAt,
    });
    return { ...work, record: { ...record, jobId: reading.jobId } };
  }

  return {
    urlFor(provider, generationId, attempt) {
      if (options.publicUrl === undefined || !providers.serving(provider)?.readWebhook) return undefined;
      const call = `${generationId}.${attempt}.${proofOf(provider, generationId, String(attempt))}`;
      return `${options.publicUrl}/webhooks/${provider}?call=${call}`;
    },

    async take({ provider: name, call: text, delivery }) {
      const provider = providers.named(name);
      if (!provider?.readWebhook) {
        return { status: 'not-found', reason: 'No provider of this name sends reports here.' };
      }
      const call = text === null ? null : readCall(name, text);
      if (text !== null && call === null) {
        return { status: 'rejected', reason: 'The address of this report was not made here.' };
      }
      const reading = await provider.readWebhook({ ...delivery, receivedAt: clock.now() });
      if (reading.status === 'rejected') return reading;
      if (call === null && !reading.signed) {
        return {
          status: 'rejected',
          reason: 'A report without a signature goes to the address that was given for it.',
        };
      }
      const work = await workOf(provider, call, reading);
      if ('status' in work) return work;
      const result = reading.result ?? (await provider.check(reading.jobId, AbortSignal.timeout(ASK_MS)));
      await options.take(work, provider, result);
      log.debug(
        { generationId: work.record.id, provider: name, status: result.status },
        'A report was taken.',
      );
      return { status: 'taken' };
    },
  };
}
