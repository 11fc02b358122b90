/**
 * Finds money that would pass through a float, in TypeScript and in SQL.
 *
 * A name that ends in `Micros` or `_micros` is money, and so is what is declared as `Micros` or `bigint`, what a function
 * gives that is, what is written as a bigint, and whatever is made from one of these. Types alone would not find it:
 * `Number()` takes anything.
 */
import { parseAst } from 'vitest/node';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const key in node) {
    const value = node[key];
    if (isNode(value)) walk(value, visit);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, visit);
  }
}

/** What turns a value into a float. */
const CONVERTS = /^(Number|parseFloat|parseInt|Number\.parseFloat|Number\.parseInt|Math\.\w+)$/;
const NAMED = /(?<![\w$])(?:\w*Micros|\w*_micros|MICROS\w*|\w+_MICROS\w*)(?![\w$])/;
const WRITTEN = /(?<![\w$])(?:\d[\d_]*n|BigInt\()/;
const DECLARED = /^:?\s*(?:readonly\s+)?(?:Micros|bigint)\b/;
const GIVES = /^:?\s*(?:Promise<)?(?:Micros|bigint)\b|=>\s*(?:Micros|bigint)\b/;

/** Fit for counts alone. */
const COUNTS = /^countOf$/;

/** A place where money becomes a float, as the text that does it. */
export interface Found {
  readonly at: number;
  readonly text: string;
}

/** Places of a TypeScript file where money becomes a float. */
export function floatsIn(text: string): Found[] {
  const body = parseAst(text, { lang: 'ts' }).body as unknown as readonly Node[];
  const textOf = (node: unknown) => (isNode(node) ? text.slice(node.start, node.end) : '');
  const money = new Set<string>();
  const all: Node[] = [];
  for (const statement of body) walk(statement, (node) => all.push(node));
  /** `typeof`, lengths and counts of money are none. */
  const isMoney = (expression: string) =>
    NAMED.test(expression) ||
    WRITTEN.test(expression) ||
    [...expression.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*(?![\w$]*\s*:)/g)].some(([name]) => money.has(name));
  const note = (pattern: Node, from: string) => {
    if (pattern.type === 'Identifier') {
      if (DECLARED.test(textOf(pattern.typeAnnotation)) || GIVES.test(textOf(pattern.typeAnnotation)))
        money.add(String(pattern.name));
      else if (!isNode(pattern.typeAnnotation) && from !== '' && makesMoney(from))
        money.add(String(pattern.name));
    } else if (pattern.type === 'ObjectPattern' && Array.isArray(pattern.properties)) {
      for (const property of pattern.properties.filter(isNode)) {
        if (
          isNode(property.value) &&
          property.value.type === 'Identifier' &&
          NAMED.test(textOf(property.key))
        ) {
          money.add(String(property.value.name));
        }
      }
    }
  };
  /** Whether a value is money, rather than something that is merely made with the help of some. */
  const makesMoney = (from: string) =>
    isMoney(from) &&
    !/^(async\b|\(|function\b|new\b|`|'|"|\[|\{)/.test(from) &&
    !/[=!<>]=|[<>]|&&|\.(map|filter|some|every|find|length)\b|await |^(ratio|margin|markup|Number|countOf|formatDecimal)\(/.test(
      from,
    );
  // Twice, since a name may be used above the line that makes it money.
  for (let pass = 0; pass < 2; pass += 1) {
    for (const node of all) {
      if (node.type === 'VariableDeclarator' && isNode(node.id)) {
        note(node.id, textOf(node.init));
        const init = node.init;
        if (isNode(init) && GIVES.test(textOf(init.returnType)) && node.id.type === 'Identifier')
          money.add(String(node.id.name));
      }
      if (/Function/.test(node.type)) {
        if (isNode(node.id) && GIVES.test(textOf(node.returnType))) money.add(String(node.id.name));
        if (Array.isArray(node.params))
          for (const parameter of node.params.filter(isNode)) note(parameter, '');
      }
    }
  }
  const found: Found[] = [];
  for (const node of all) {
    if (
      node.type === 'CallExpression' &&
      Array.isArray(node.arguments) &&
      CONVERTS.test(textOf(node.callee))
    ) {
      if (node.arguments.some((argument) => isMoney(textOf(argument))))
        found.push({ at: node.start, text: textOf(node) });
    }
    if (node.type === 'CallExpression' && Array.isArray(node.arguments) && COUNTS.test(textOf(node.callee))) {
      if (node.arguments.some((argument) => NAMED.test(textOf(argument))))
        found.push({ at: node.start, text: textOf(node) });
    }
    // `amounts.map(Number)`.
    if (node.type === 'CallExpression' && Array.isArray(node.arguments) && isMoney(textOf(node.callee))) {
      if (node.arguments.some((argument) => CONVERTS.test(textOf(argument))))
        found.push({ at: node.start, text: textOf(node) });
    }
    if (node.type === 'UnaryExpression' && node.operator === '+' && isMoney(textOf(node.argument))) {
      found.push({ at: node.start, text: textOf(node) });
    }
  }
  return found;
}

/** Places of SQL where money becomes a float: a cast, or an average, which is rounded. */
export function floatsInSql(text: string): Found[] {
  const patterns = [
    /\w*_micros\b[\s)]*::\s*(?:float\d*|double precision|real)\b/gi,
    /\bcast\s*\([^()]*_micros[^()]*\bas\s+(?:float\d*|double precision|real)\b/gi,
    /\bavg\s*\(\s*(?:distinct\s+)?[\w."]*_micros\b/gi,
    /\w*_micros\b[\s)]*[*/]\s*\d+\.\d/gi,
    /\w*_micros"?\s+(?:float\d*|double precision|real)\b/gi,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({ at: match.index, text: match[0] })),
  );
}
