/** Files of history for tests, and what an import makes of them. */

import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import {
  createHistory,
  type ImportOptions,
  type ImportOutcome,
  type Rejection,
  type TextLayout,
} from '../../server/history/index.ts';

export const HEADER =
  'external_id,provider,model,operation,account_external_id,tier,status,cost,credits,revenue,duration_ms,created_at';

/** A good row, with whatever is to be different. */
export function row(id: string, different: Readonly<Record<string, string>> = {}): string {
  const cells: Record<string, string> = {
    external_id: id,
    provider: 'openai',
    model: 'dall-e-3-hd',
    operation: 'GENERATE_IMAGE',
    account_external_id: 'customer-1',
    tier: 'PRO',
    status: 'SUCCEEDED',
    cost: '0.08',
    credits: '16',
    revenue: '0.16',
    duration_ms: '1200',
    created_at: '2026-11-01T12:00:00Z',
    ...different,
  };
  return HEADER.split(',')
    .map((name) => cells[name])
    .join(',');
}

/** A file of these lines. */
export const csv = (...lines: readonly string[]) => `${[HEADER, ...lines].join('\n')}\n`;

/** A text as a stream that comes in pieces. */
export async function* stream(text: string | Uint8Array, piece = 1 << 16): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

export interface Imported {
  readonly outcome: ImportOutcome;
  readonly rejections: readonly Rejection[];
}

/** Imports a text at a standing clock. */
export async function importText(
  database: Database,
  text: string | Uint8Array,
  options: Partial<ImportOptions> & { readonly layout?: TextLayout; readonly piece?: number } = {},
): Promise<Imported> {
  const rejections: Rejection[] = [];
  const history = createHistory({ database, clock: new FakeClock('2026-11-29T00:00:00Z') });
  const outcome = await history.import(
    { kind: 'text', bytes: stream(text, options.piece), layout: options.layout ?? null },
    { dryRun: options.dryRun ?? false, onRejected: (rejection) => void rejections.push(rejection) },
  );
  return { outcome, rejections };
}

/** The summary of an import that came to its end. */
export function summaryOf({ outcome }: Imported) {
  if (outcome.status !== 'done') throw new Error(JSON.stringify({ ...outcome, summary: undefined }));
  return outcome.summary;
}
