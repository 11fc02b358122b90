/**
 * Vectorizer.AI: draws a picture again in curves. What it shares with its sister is in cedar-lake.ts.
 *
 * It tells what it charged, in credits (`X-Credits-Charged`). What a credit costs depends on the operator's plan, and no
 * answer says it: it is an option.
 */
import { divideUp, type Micros } from '../money.ts';
import { type CedarLakeOptions, createCedarLake } from './cedar-lake.ts';
import type { Provider, ProviderOutput } from './provider.ts';

/** How Vectorizer.AI is reached; the base URL is `https://api.vectorizer.ai/api/v1`. */
export interface VectorizerOptions extends CedarLakeOptions {
  /** What one credit costs on the operator's plan; $0.20, as in the catalogue's row, when not said. */
  readonly creditMicros?: Micros | undefined;
  /** `production` when not said. `test` is free, and puts a watermark over the result. */
  readonly mode?: 'production' | 'test' | undefined;
}

const BASE_URL = 'https://api.vectorizer.ai/api/v1';
const CREDIT_MICROS = 200_000n;

/** Vectorizer.AI as a provider. */
export function createVectorizer(options: VectorizerOptions): Provider {
  const { creditMicros = CREDIT_MICROS, mode = 'production' } = options;
  return createCedarLake(
    {
      name: 'vectorizer',
      title: 'Vectorizer.AI',
      baseUrl: BASE_URL,
      path: '/vectorize',
      operation: 'VECTORIZE_IMAGE',
      // Both are the defaults of today; what is billed by them should not change under us.
      fields: { mode, 'output.file_format': 'svg' },
      alsoAnswers: [],
      readOutput,
      costOf: (headers) => costOf(headers.get('x-credits-charged'), creditMicros),
    },
    options,
  );
}

/** Nothing but declarations and comments stands before the root of a drawing. A page of HTML may hold one, later. */
const SVG = /^\ufeff?\s*<(?:\?xml|!--|!DOCTYPE svg|(?:svg:)?svg[\s/>])/i;
const ROOT = /<(?:svg:)?svg[\s/>]/;
const HEAD_BYTES = 4_096;

async function readOutput(answer: Response): Promise<ProviderOutput | undefined> {
  const bytes = await answer.bytes();
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('utf8');
  return SVG.test(head) && ROOT.test(head) ? { content: bytes, contentType: 'image/svg+xml' } : undefined;
}

const CREDIT = 1_000_000n;

/**
 * Credits at the price of one, rounded up to the micro-dollar. The vendor counts them in a floating-point number
 * (`format: double`), so that 0.3 of one may come as 0.30000000000000004: it is read to a millionth.
 */
function costOf(credits: string | null, creditMicros: Micros): Micros | null {
  if (credits === null || !/^\d{1,6}(?:\.\d+)?$/.test(credits)) return null;
  return divideUp(BigInt(Math.round(Number(credits) * 1_000_000)) * creditMicros, CREDIT);
}
