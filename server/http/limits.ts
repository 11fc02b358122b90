/**
 * What a document may ask for: limited before it is validated (size and shape) and before it is executed (depth,
 * breadth, complexity). The complexity asked and left is in the answer's `extensions.cost`.
 */
import { complexityFromQuery } from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  getOperationAST,
  type validate as graphqlValidate,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { schema } from '../../schema/index.ts';

/** The deepest that fields may stand within each other. GraphiQL's introspection needs 13. */
const MAX_DEPTH = 15;
/** The most fields of one document, aliases counted each. */
const MAX_FIELDS = 300;
/** The most values that an answer may hold; a connection counts its `first`, a list 10. */
const MAX_COMPLEXITY = 20_000;
/** The same of what is asked about the schema itself, which anybody may; the usual question of tools comes to 52,000. */
const MAX_INTROSPECTION = 120_000;
/** How many values of a list of the schema's are reckoned with, as of any plain list. */
const LIST_LENGTH = 10;
/** Tokens that the parser reads before it gives up. */
const MAX_TOKENS = 10_000;

/** The fields that lead to the schema itself, at the root of every query. */
const ROOTS: ReadonlyMap<string, { readonly type: GraphQLOutputType }> = new Map([
  [SchemaMetaFieldDef.name, SchemaMetaFieldDef],
  [TypeMetaFieldDef.name, TypeMetaFieldDef],
]);

function tooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX', http: { status: 400 } } });
}

/** Shape of the text itself, before fragments are followed: what would make validation slow is refused here. */
function checkShape(document: DocumentNode): void {
  let fields = 0;
  const stack: { set: SelectionSetNode; depth: number }[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION) {
      stack.push({ set: definition.selectionSet, depth: 1 });
    }
  }
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.depth > MAX_DEPTH) {
      throw tooComplex(`The document is nested more than ${MAX_DEPTH} deep. Ask for less at once.`);
    }
    for (const selection of top.set.selections) {
      if (selection.kind === Kind.FIELD) fields += 1;
      if (fields > MAX_FIELDS) {
        throw tooComplex(
          `The document has more than ${MAX_FIELDS} fields, aliases counted. Ask in several requests.`,
        );
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) {
        stack.push({ set: selection.selectionSet, depth: top.depth + 1 });
      }
    }
  }
}

/** Parses within the limits. A text that overflows the parser's stack is too deep as well. */
function parseWithin(source: Parameters<typeof parse>[0]): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(source, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof RangeError) throw tooComplex('The document is nested too deeply.');
    // Yoga gives the code over HTTP alone.
    if (error instanceof GraphQLError) error.extensions.code ??= 'GRAPHQL_PARSE_FAILED';
    throw error;
  }
  checkShape(document);
  return document;
}

/** Validates; fragments that overflow its stack are nested too deeply as well. */
function validateWithin(validate: typeof graphqlValidate): typeof graphqlValidate {
  return (...given) => {
    try {
      return validate(...given);
    } catch (error) {
      if (error instanceof RangeError) return [tooComplex('Its fragments are nested too deeply.')];
      throw error;
    }
  };
}

interface Cost {
  readonly complexity: number;
  readonly depth: number;
  readonly breadth: number;
  /** What is asked about the schema itself. It is in none of the others. */
  readonly introspection: number;
}

const NOTHING: Cost = { complexity: 0, depth: 0, breadth: 0, introspection: 0 };

const known = new WeakMap<OperationDefinitionNode, Map<string, Cost>>();

/**
 * Only numbers among the operation's own variables can change what it costs: the `first` of a connection. What is sent
 * beside them is left out, so that nobody can make two requests look alike; and one that is left out is not one that is null.
 */
function numbersOf(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
): string {
  const told = operation.variableDefinitions?.map(({ variable }) => {
    const value = variables?.[variable.name.value];
    return typeof value === 'number' || value === null ? value : value === undefined ? 'none' : 'other';
  });
  return JSON.stringify(told ?? []);
}

/** What an operation asks about the schema itself. Validation has seen to it that fragments do not go round in circles. */
function introspectionOf(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet] as const] : [],
    ),
  );
  const found = new Map<SelectionSetNode, number>();
  const sumOf = (set: SelectionSetNode, type: GraphQLObjectType | null): number => {
    const before = found.get(set);
    if (before !== undefined) return before;
    let sum = 0;
    for (const selection of set.selections) {
      if (selection.kind !== Kind.FIELD) {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value);
        if (inner) sum += sumOf(inner, type);
        continue;
      }
      // Above the schema itself only those two fields lead to it.
      const name = selection.name.value;
      const field = type ? type.getFields()[name] : ROOTS.get(name);
      if (!field) continue;
      const named = getNamedType(field.type);
      const times = isListType(getNullableType(field.type)) ? LIST_LENGTH : 1;
      sum += 1;
      if (selection.selectionSet && isObjectType(named)) sum += times * sumOf(selection.selectionSet, named);
    }
    found.set(set, sum);
    return sum;
  };
  return sumOf(operation.selectionSet, null);
}

function costOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown> | null | undefined,
): Cost {
  let byNumbers = known.get(operation);
  if (!byNumbers) {
    byNumbers = new Map();
    known.set(operation, byNumbers);
  }
  const key = numbersOf(operation, variables);
  let cost = byNumbers.get(key);
  if (!cost) {
    // What reckons takes the first operation that it meets: it is shown the one that will run.
    const definitions = document.definitions.filter(
      (one) => one === operation || one.kind === Kind.FRAGMENT_DEFINITION,
    );
    cost = {
      ...complexityFromQuery({ ...document, definitions }, { schema, variables: variables ?? {} }),
      introspection: introspectionOf(document, operation),
    };
    if (byNumbers.size > 100) byNumbers.clear();
    byNumbers.set(key, cost);
  }
  return cost;
}

/** What a request costs, or why it is not run. */
function judge({
  document,
  operationName,
  variableValues,
}: ExecutionArgs): { cost: Cost; refusal?: never } | { cost?: never; refusal: GraphQLError } {
  const operation = getOperationAST(document, operationName);
  // Which one is meant cannot be told: it is refused before anything runs.
  if (!operation) return { cost: NOTHING };
  let cost: Cost;
  try {
    cost = costOf(document, operation, variableValues as Record<string, unknown>);
  } catch (error) {
    // Variables that cannot be are found out on the way.
    if (!(error instanceof GraphQLError)) throw error;
    return { refusal: invalid(error) };
  }
  if (cost.depth > MAX_DEPTH) {
    return { refusal: tooComplex(`The request is ${cost.depth} deep; at most ${MAX_DEPTH} is answered.`) };
  }
  if (cost.complexity > MAX_COMPLEXITY) {
    return {
      refusal: tooComplex(
        `The request has a complexity of ${cost.complexity}; at most ${MAX_COMPLEXITY} is answered. Ask for fewer or smaller pages.`,
      ),
    };
  }
  if (cost.introspection > MAX_INTROSPECTION) {
    return {
      refusal: tooComplex('The request asks for too much of the schema at once. Ask in several requests.'),
    };
  }
  return { cost };
}

/** An error as it was, or with other extensions. Of one that is remembered: its request's id is written into what is told. */
function copyOf(error: GraphQLError, extensions: object = error.extensions): GraphQLError {
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions: { ...extensions } });
}

/** An error of a request that has not been run, with the code and status that it should have. */
const invalid = (error: GraphQLError) =>
  copyOf(error, { code: 'GRAPHQL_VALIDATION_FAILED', ...error.extensions, http: { status: 400 } });

/** The limits as a plugin of yoga. */
export function useLimits(): Plugin {
  // There is one schema and one set of rules, so that a document alone says what came of it. Documents are remembered by yoga.
  const validated = new WeakMap<DocumentNode, readonly GraphQLError[]>();
  return {
    onParse({ setParseFn }) {
      setParseFn(parseWithin as never);
    },
    onValidate({ params: { documentAST }, setResult, validateFn, setValidationFn }) {
      const known = validated.get(documentAST);
      if (known) {
        setResult(known.map((error) => copyOf(error)));
        return undefined;
      }
      setValidationFn(validateWithin(validateFn as typeof graphqlValidate) as never);
      return ({ result }) => {
        const errors = result as readonly GraphQLError[];
        validated.set(
          documentAST,
          errors.map((error) => copyOf(error)),
        );
      };
    },
    onExecute({ args, setResultAndStopExecution }) {
      const { cost, refusal } = judge(args);
      if (refusal) {
        setResultAndStopExecution({ errors: [refusal] });
        return undefined;
      }
      return {
        onExecuteDone({ result }) {
          if (Symbol.asyncIterator in result) return;
          const answer = result as ExecutionResult;
          // Without a path nothing has run: a variable, or the choice of an operation, is wrong.
          if (answer.errors?.some((error) => error.path === undefined && !error.extensions.code)) {
            answer.errors = answer.errors.map((error) => (error.path ? error : invalid(error)));
          }
          answer.extensions = {
            ...answer.extensions,
            cost: { asked: cost.complexity, limit: MAX_COMPLEXITY, left: MAX_COMPLEXITY - cost.complexity },
          };
        },
      };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const { refusal } = judge(args);
      if (refusal) setResultAndStopExecution({ errors: [refusal] });
    },
  };
}
