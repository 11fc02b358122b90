import { type ExecutionResult, type GraphQLSchema, graphql, parse, subscribe } from 'graphql';
import type { Context } from './builder.ts';
import { Purse } from './purse.ts';
import { schema as exampleSchema } from './schema.ts';

export interface Ran {
  purse: Purse;
  result: ExecutionResult;
}

/** Runs a document against a purse, and gives both the whole result and the purse. */
export async function run(
  source: string,
  {
    schema = exampleSchema,
    variables = {},
    ...context
  }: Partial<Context> & { schema?: GraphQLSchema; variables?: Record<string, unknown> } = {},
): Promise<Ran> {
  const purse = context.purse ?? new Purse();
  const result = await graphql({
    schema,
    source,
    variableValues: variables,
    contextValue: { ...context, purse },
  });

  return { purse, result: plain(result) };
}

/** Opens a subscription and reads it to its end: the results of its events, or the error it could not open with. */
export async function listen(
  source: string,
  { schema = exampleSchema, ...context }: Partial<Context> & { schema?: GraphQLSchema } = {},
): Promise<{ purse: Purse; results: ExecutionResult[] }> {
  const purse = context.purse ?? new Purse();
  const opened = await subscribe({
    schema,
    document: parse(source),
    contextValue: { ...context, purse },
  });

  if (!(Symbol.asyncIterator in opened)) {
    return { purse, results: [plain(opened)] };
  }

  const results: ExecutionResult[] = [];

  for await (const result of opened) {
    results.push(plain(result));
  }

  return { purse, results };
}

/** The error that the application threw, under what GraphQL made of it. */
export function causeOf(result: ExecutionResult): unknown {
  return causes.get(result);
}

const causes = new WeakMap<ExecutionResult, unknown>();

/** The result as a client receives it, with each error as its message at its path. */
function plain({ data, errors }: ExecutionResult): ExecutionResult {
  const result = {
    ...(data === undefined ? {} : { data: JSON.parse(JSON.stringify(data)) }),
    ...(errors ? { errors: errors.map(({ message, path }) => `${path?.join('.')}: ${message}`) } : {}),
  } as unknown as ExecutionResult;

  causes.set(result, errors?.[0]?.originalError ?? errors?.[0]);

  return result;
}
