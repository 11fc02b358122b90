/**
 * GraphiQL. Its tabs are the documents of `client/examples`, whose variables have defaults by which they can be run as they
 * stand; on a local start a key is filled in too.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { isInputType, parse, print, typeFromAST, type ValueNode, valueToLiteral } from 'graphql';
import type { GraphiQLOptions } from 'graphql-yoga';
import { schema } from '../../schema/index.ts';

/** What a local start has made for a newcomer. */
export interface Demo {
  /** An API key that may do everything. */
  readonly apiKey: string;
  /** An account with credits, as the outside names it. */
  readonly accountId: string;
}

/** What the variables of the examples are made from. */
export interface ExampleFacts {
  /** Whose credits are used. */
  readonly accountId: string;
  /** Where buyers come back to from the example of a checkout. */
  readonly publicUrl: string;
  /** The example of a report ends with its day. */
  readonly now: Date;
}

const FOLDER = join(import.meta.dirname, '../../client/examples');
const DAY_MS = 86_400_000;
const REPORT_DAYS = 30;

/** The days of UTC that end with the present one. */
function lastDays(now: Date): { from: string; to: string } {
  const end = (Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS;
  return { from: new Date(end - REPORT_DAYS * DAY_MS).toISOString(), to: new Date(end).toISOString() };
}

/** The variables of each example, by the name of its file, in the order of the tabs. */
export const EXAMPLES: Readonly<Record<string, (facts: ExampleFacts) => object>> = {
  generate: ({ accountId }) => ({
    input: {
      idempotencyKey: 'my-first-picture',
      accountId,
      prompt: 'A lighthouse on a cliff at dawn',
      minimumQuality: 9,
    },
  }),
  video: ({ accountId }) => ({
    input: { idempotencyKey: 'my-first-clip', accountId, prompt: 'Waves rolling in', durationSeconds: 5 },
  }),
  watch: () => ({ id: 'gen_…' }),
  checkout: ({ accountId, publicUrl }) => ({
    input: {
      idempotencyKey: 'my-first-pack',
      accountId,
      pack: '100',
      successUrl: `${publicUrl}/graphql`,
      cancelUrl: `${publicUrl}/graphql`,
    },
  }),
  catalog: () => ({}),
  quote: () => ({
    input: { operation: 'GENERATE_VIDEO', model: 'runway/gen4_turbo', durationSeconds: 8, hasImage: true },
  }),
  ledger: ({ accountId }) => ({ id: accountId }),
  protect: () => ({}),
  profit: ({ now }) => lastDays(now),
  business: ({ now }) => lastDays(now),
  simulate: () => ({}),
  wheel: ({ accountId }) => ({
    accountId,
    input: { idempotencyKey: 'my-first-spin', accountId, clientSeed: 'my own words' },
  }),
  live: () => ({ window: 'DAY' }),
  attempts: () => ({ filter: { operations: ['GENERATE_IMAGE', 'GENERATE_VIDEO'] } }),
  alerts: () => ({ afterSequence: 0 }),
};

/** The documents, read once a process. */
let documents: readonly (readonly [string, string])[] | undefined;

/** An object a field a line, since people change what they see; anything else as it is printed. */
function written(literal: ValueNode): string {
  if (literal.kind !== 'ObjectValue') return print(literal);
  return `{\n${literal.fields.map((field) => `  ${print(field)}\n`).join('')}}`;
}

/**
 * A document whose variables have these values as defaults. GraphiQL, as it is shipped with yoga, starts with an empty
 * editor of variables whatever its tabs say.
 */
function withDefaults(text: string, values: Readonly<Record<string, unknown>>): string {
  const asked = parse(text).definitions.flatMap((definition) =>
    definition.kind === 'OperationDefinition' ? (definition.variableDefinitions ?? []) : [],
  );
  let filled = text;
  // From the last to the first, so that the places of those before stay what they are.
  for (const { variable, type, loc, defaultValue } of asked.toReversed()) {
    const value = values[variable.name.value];
    const input = typeFromAST(schema, type);
    if (value === undefined || !loc || defaultValue || !isInputType(input)) continue;
    const literal = valueToLiteral(value, input);
    if (literal) filled = `${filled.slice(0, loc.end)} = ${written(literal)}${filled.slice(loc.end)}`;
  }
  return filled;
}

/**
 * The page, as text of HTML.
 *
 * @param demo what is filled in; null where a stranger may read the page.
 */
export function graphiqlPage(
  demo: Demo | null,
  { publicUrl, now }: Pick<ExampleFacts, 'publicUrl' | 'now'>,
): string {
  documents ??= Object.keys(EXAMPLES).map(
    (name) => [name, readFileSync(join(FOLDER, `${name}.graphql`), 'utf8')] as const,
  );
  const facts = { accountId: demo?.accountId ?? 'acc_…', publicUrl, now };
  const headers = JSON.stringify({ authorization: `Bearer ${demo?.apiKey ?? 'slv_…'}` }, null, 2);
  const options: GraphiQLOptions = {
    title: 'Solvent: GraphiQL',
    headers,
    shouldPersistHeaders: false,
    defaultTabs: documents.map(([name, text]) => ({
      query: withDefaults(text, { ...EXAMPLES[name]?.(facts) }),
      headers,
    })),
  };
  return renderGraphiQL(options);
}
