/** Looks into JSON of which nothing is known. */

/** What the text says, or undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is found by following the names into objects; undefined where there is none of a name. */
export function memberOf(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce(
    (found, name) => (typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined),
    value,
  );
}

/** The value, if it is a text that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The members of a list; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether it is a step of a path into JSON: a name, or a place in a list. */
export function isKey(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
