/** A file of history, and how Postgres takes the same rows by itself. */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Database } from '../../../server/database/index.ts';
import { newId } from '../../../server/ids.ts';

const HEADER =
  'external_id,provider,model,operation,account_external_id,tier,status,cost,credits,revenue,duration_ms,created_at';
const MODELS = [
  ['openai', 'dall-e-3-hd', 'GENERATE_IMAGE', '0.08', 16, '0.16'],
  ['replicate', 'sdxl', 'GENERATE_IMAGE', '0.003', 2, '0.02'],
  ['runway', 'gen3a_turbo', 'GENERATE_VIDEO', '0.40', 50, '0.50'],
  ['vectorizer', 'vectorizer', 'VECTORIZE_IMAGE', '0.20', 40, '0.40'],
] as const;
const TIERS = ['FREE', 'PAYG', 'CREATOR', 'PRO'];
const ACCOUNTS = 10_000;
/** A year, so that a second has its share of calls. */
const SPAN_MS = 365 * 86_400_000;

/** Writes so many calls of a year, of ten thousand accounts, in the order of time. */
export async function writeHistory(path: string, rows: number): Promise<void> {
  const out = createWriteStream(path);
  let text = `${HEADER}\n`;
  const begin = Date.UTC(2025, 9, 1);
  for (let index = 0; index < rows; index += 1) {
    const [provider, model, operation, cost, credits, revenue] = MODELS[(index * 7) % 4] ?? MODELS[0];
    const account = (index * 7919) % ACCOUNTS;
    const failed = index % 50 === 0;
    const at = new Date(begin + Math.floor((index / rows) * SPAN_MS)).toISOString();
    text += `call-${index},${provider},${model},${operation},customer-${account},${TIERS[account % 4]},${failed ? 'FAILED' : 'SUCCEEDED'},${cost},${failed ? 0 : credits},${failed ? '0' : revenue},${900 + (index % 3000)},${at}\n`;
    if (text.length > 1 << 20) {
      if (!out.write(text)) await once(out, 'drain');
      text = '';
    }
  }
  out.end(text);
  await once(out, 'close');
}

const micros = (dollars: string) => {
  const [whole = '0', fraction = ''] = dollars.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
};

/** The rows as COPY takes them, with the accounts that they name: made before the clock runs. */
async function copyText(path: string, accounts: ReadonlyMap<string, string>): Promise<string[]> {
  const pieces: string[] = [];
  let text = '';
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line === HEADER) continue;
    const [
      id,
      provider,
      model,
      operation,
      account = '',
      tier,
      status,
      cost = '',
      credits,
      revenue = '',
      ms,
      at,
    ] = line.split(',');
    text += `${id}\t${provider}\t${provider}/${model}\t${operation}\t${accounts.get(account)}\t${tier}\t\\N\t\\N\t${status === 'FAILED' ? 'FAILED_BILLED' : status}\t1\t${micros(cost)}\t${credits}\t${micros(revenue)}\t${ms}\t${at}\t${at}\n`;
    if (text.length > 8 << 20) {
      pieces.push(text);
      text = '';
    }
  }
  return [...pieces, text];
}

const SUMS =
  'sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits), sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)';

/** COPY of a file's rows into the table of imported calls, and the three summaries by a GROUP BY each, in one transaction. Gives the seconds. */
export async function copySide(database: Database, path: string): Promise<number> {
  const accounts = new Map(Array.from({ length: ACCOUNTS }, (_, index) => [`customer-${index}`, newId()]));
  await database.query(
    `INSERT INTO account (id, external_id, created_at, updated_at) SELECT id, external_id, now(), now()
    FROM unnest($1::uuid[], $2::text[]) AS u(id, external_id)`,
    [[...accounts.values()], [...accounts.keys()]],
  );
  const pieces = await copyText(path, accounts);
  const startedAt = performance.now();
  await database.session((session) =>
    session.transaction(async (sql) => {
      await sql.load('COPY imported_call FROM STDIN', pieces);
      await sql.query(`INSERT INTO model_summary SELECT b.grain, b.starts_at, l.provider, l.model, l.operation, ${SUMS}
        FROM booked_line l CROSS JOIN LATERAL summary_buckets(l.at) AS b GROUP BY 1, 2, 3, 4, 5`);
      await sql.query(`INSERT INTO segment_summary SELECT b.grain, b.starts_at, l.provider, l.model, l.operation, l.tier, l.country, l.plan, ${SUMS}
        FROM booked_line l CROSS JOIN LATERAL summary_buckets(l.at) AS b GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`);
      await sql.query(`INSERT INTO account_summary SELECT date_bin('1 day', l.at, '2000-01-01T00:00:00Z'), l.account_id, l.provider, l.model,
          l.operation, l.tier, l.country, l.plan, ${SUMS}
        FROM booked_line l GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`);
    }),
  );
  return (performance.now() - startedAt) / 1000;
}
