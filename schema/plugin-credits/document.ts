import { getMappedArgumentValues, isThenable } from '@pothos/core';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
  validate,
} from 'graphql';
import { CreditsDocumentError } from './errors.ts';
import { type CompiledCredits, compiledCreditsIn } from './price.ts';
import { CreditRefusal } from './refusal.ts';

/** What `priceOfDocument` is asked. */
export interface DocumentToPrice {
  /** Built by Pothos with this plugin; one with `disableCredits` still knows its prices. */
  schema: GraphQLSchema;
  document: DocumentNode | string;
  /** The variables as the client sends them, before coercion. */
  variables?: Record<string, unknown> | null | undefined;
  /** Required when the document has several operations. */
  operationName?: string | null | undefined;
  /** The context for price functions. Without it they are not called, and their price is null. */
  context?: object | undefined;
}

/** One priced field of an operation. */
export interface PricedField<Refusal = unknown> {
  /** Where it stands in the response, without the indexes of lists. Aliases count. */
  path: string[];
  /** As `Mutation.generateImage`. */
  field: string;
  /** What it costs, or null when only a run can tell or when it was refused. */
  credits: number | null;
  /** The price of one run, for a field that runs an unknown number of times: below a list, or for each event. */
  each?: number;
  /** What the price function gave to `refuse()`. */
  refusal?: Refusal;
}

/** What an operation costs. */
export interface DocumentPrice<Refusal = unknown> {
  /** The most it can cost, in credits, or null when the credits of one of the fields are null. */
  credits: number | null;
  fields: PricedField<Refusal>[];
}

/**
 * Prices an operation without running any resolver, and without reserving anything.
 *
 * Fixed prices and formulas are always told; price functions only when `context` is given. Where a type is known only
 * at run time, each possible type is priced and the dearest stands; an unknown price is dearer than any other.
 *
 * @throws CreditsDocumentError when the document or its variables do not fit the schema.
 * @throws CreditsPriceError when a price function gives something other than whole credits.
 */
export async function priceOfDocument<Refusal = unknown>(
  request: DocumentToPrice,
): Promise<DocumentPrice<Refusal>> {
  return (await new DocumentPricer(request).price()) as DocumentPrice<Refusal>;
}

class DocumentPricer {
  private readonly schema: GraphQLSchema;
  private readonly context: object | undefined;
  private readonly operation: OperationDefinitionNode;
  private readonly fragments: Record<string, FragmentDefinitionNode> = {};
  private readonly variableValues: VariableValues;

  // The same selections under the same type cost the same. Without this memory, abstract types nested in abstract
  // types would be priced once for every combination of their possible types.
  private readonly known = new Map<string, Promise<DocumentPrice>>();
  private readonly numbers = new Map<SelectionSetNode, number>();

  constructor({ schema, document, variables, operationName, context }: DocumentToPrice) {
    const parsed = typeof document === 'string' ? blameDocument(() => parse(document)) : document;
    const faults = validate(schema, parsed);

    if (faults.length > 0) {
      throw new CreditsDocumentError(faults);
    }

    const operation = getOperationAST(parsed, operationName);

    if (!operation) {
      throw new CreditsDocumentError([
        new GraphQLError(
          operationName
            ? `It has no operation named '${operationName}'.`
            : 'It has several operations or none, so operationName must say which one to price.',
        ),
      ]);
    }

    const values = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});

    if (values.errors) {
      throw new CreditsDocumentError(values.errors);
    }

    for (const definition of parsed.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        this.fragments[definition.name.value] = definition;
      }
    }

    this.schema = schema;
    this.context = context;
    this.operation = operation;
    this.variableValues = values.variableValues;
  }

  price(): Promise<DocumentPrice> {
    const { operation, selectionSet } = this.operation;
    const root = this.schema.getRootType(operation);

    // Validation has refused an operation whose root type the schema does not have.
    return root ? this.priceSelections(root, [selectionSet], false) : Promise.resolve(total([]));
  }

  /** @param repeats whether an unknown number of runs stands above these selections. */
  private priceSelections(
    type: GraphQLObjectType,
    sets: readonly SelectionSetNode[],
    repeats: boolean,
  ): Promise<DocumentPrice> {
    const key = `${type.name} ${repeats} ${sets.map((set) => this.numberOf(set)).join()}`;
    const known = this.known.get(key) ?? this.priceFields(type, this.collect(type, sets), repeats);

    this.known.set(key, known);

    return known;
  }

  private async priceFields(
    type: GraphQLObjectType,
    nodesByName: Map<string, FieldNode[]>,
    repeats: boolean,
  ): Promise<DocumentPrice> {
    const fields: PricedField[] = [];

    for (const [responseName, nodes] of nodesByName) {
      const [node] = nodes;
      const field = node && type.getFields()[node.name.value];

      // Only the introspection fields, such as __typename, are not among the fields of their type.
      if (!field) {
        continue;
      }

      const credits = compiledCreditsIn(field.extensions);

      if (credits) {
        const ownRepeats = repeats || credits.extension.charge === 'event';

        fields.push({ path: [responseName], ...(await this.priceField(credits, field, node, ownRepeats)) });
      }

      const below = await this.priceBelow(
        getNamedType(field.type),
        nodes.flatMap((each) => each.selectionSet ?? []),
        repeats || isList(field.type) || type === this.schema.getRootType(OperationTypeNode.SUBSCRIPTION),
      );

      for (const inner of below.fields) {
        fields.push({ ...inner, path: [responseName, ...inner.path] });
      }
    }

    return total(fields);
  }

  private async priceBelow(
    type: GraphQLOutputType,
    sets: readonly SelectionSetNode[],
    repeats: boolean,
  ): Promise<DocumentPrice> {
    const possibleTypes = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type];
    let dearest: DocumentPrice | undefined;

    for (const possible of possibleTypes) {
      if (isObjectType(possible)) {
        const price = await this.priceSelections(possible, sets, repeats);

        dearest = dearest && !isDearer(price, dearest) ? dearest : price;
      }
    }

    return dearest ?? total([]);
  }

  private async priceField(
    credits: CompiledCredits,
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    repeats: boolean,
  ): Promise<Omit<PricedField, 'path'>> {
    const unknown = { field: credits.field, credits: null };
    const { context } = this;

    if (credits.extension.kind === 'dynamic' && !context) {
      return unknown;
    }

    const args = await this.argumentsOf(field, node);
    const price =
      credits.extension.kind === 'formula'
        ? await blameDocument(() => credits.price(args, context ?? {}))
        : await credits.price(args, context ?? {});

    if (price instanceof CreditRefusal) {
      return { ...unknown, refusal: price.value };
    }

    return repeats && price.credits > 0
      ? { ...unknown, each: price.credits }
      : { ...unknown, credits: price.credits };
  }

  /** The arguments as the resolver would see them, as far as that is known without a context. */
  private argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode) {
    const { context, fragments, schema, variableValues } = this;

    return blameDocument(() =>
      context
        ? getMappedArgumentValues(field, node, context, { fragments, schema, variableValues })
        : getArgumentValues(field, node, variableValues),
    );
  }

  /** The fields by response name: those that share a name run once, with their selections merged. */
  private collect(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const nodesByName = new Map<string, FieldNode[]>();
    const visited = new Set<FragmentDefinitionNode>();

    const visit = (selections: readonly SelectionNode[]): void => {
      for (const selection of selections) {
        if (!this.isIncluded(selection)) {
          continue;
        }

        if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          const nodes = nodesByName.get(name);

          nodes ? nodes.push(selection) : nodesByName.set(name, [selection]);
          continue;
        }

        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : this.fragments[selection.name.value];

        if (!fragment || !this.applies(fragment.typeCondition?.name.value, type)) {
          continue;
        }

        if (fragment.kind === Kind.FRAGMENT_DEFINITION) {
          if (visited.has(fragment)) {
            continue;
          }

          visited.add(fragment);
        }

        visit(fragment.selectionSet.selections);
      }
    };

    for (const set of sets) {
      visit(set.selections);
    }

    return nodesByName;
  }

  private isIncluded(selection: SelectionNode): boolean {
    return blameDocument(
      () =>
        getDirectiveValues(GraphQLSkipDirective, selection, this.variableValues)?.if !== true &&
        getDirectiveValues(GraphQLIncludeDirective, selection, this.variableValues)?.if !== false,
    );
  }

  private applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) {
      return true;
    }

    const conditionType = this.schema.getType(condition);

    return isAbstractType(conditionType) && this.schema.isSubType(conditionType, type);
  }

  private numberOf(set: SelectionSetNode): number {
    const number = this.numbers.get(set) ?? this.numbers.size;

    this.numbers.set(set, number);

    return number;
  }
}

function isList(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type));
}

function total(fields: PricedField[]): DocumentPrice {
  return {
    credits: fields.reduce<number | null>(
      (sum, { credits }) => (sum === null || credits === null ? null : sum + credits),
      0,
    ),
    fields,
  };
}

/** What cannot be known is dearer than what can; of two unknowns, the one with the dearer parts. */
function isDearer(price: DocumentPrice, than: DocumentPrice): boolean {
  return (price.credits === null) === (than.credits === null)
    ? sumOfParts(price) > sumOfParts(than)
    : price.credits === null;
}

function sumOfParts({ fields }: DocumentPrice): number {
  return fields.reduce((sum, { credits, each }) => sum + (credits ?? each ?? 0), 0);
}

/** Runs what can only fail because of the document, and says so when it does. */
function blameDocument<T>(step: () => T): T {
  const blame = (error: unknown): never => {
    throw error instanceof GraphQLError ? new CreditsDocumentError([error]) : error;
  };

  try {
    const result = step();

    return isThenable(result) ? (result.then(undefined, blame) as T) : result;
  } catch (error) {
    return blame(error);
  }
}
