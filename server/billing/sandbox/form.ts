/** Stripe's requests are forms whose names nest: `items[0][price]=price_1`. */

/** A form, taken apart: texts at its leaves. */
export interface Form {
  readonly [name: string]: string | Form | undefined;
}

/** A form without names of its own: `constructor[prototype][x]` would lead to what all objects of the process have. */
const empty = (): Record<string, string | Form> => Object.create(null);

/** Reads a form, or the query of a URL. */
export function readForm(text: string): Form {
  const form = empty();
  /** How many each list has, which is not counted anew for each of them. */
  const counts = new Map<object, number>();
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '');
    let place = form;
    path.forEach((key, index) => {
      const isLast = index === path.length - 1;
      if (isLast && !name.endsWith('[]')) {
        place[key] = value;
        return;
      }
      let inner = place[key];
      if (inner === undefined || typeof inner === 'string') {
        inner = empty();
        place[key] = inner;
      }
      place = inner as Record<string, string | Form>;
      // `a[]=x` counts by itself.
      if (!isLast) return;
      const at = counts.get(place) ?? Object.keys(place).length;
      place[at] = value;
      counts.set(place, at + 1);
    });
  }
  return form;
}

/** What stands at a path: a text, or undefined. */
export function textAt(form: Form, ...path: string[]): string | undefined {
  let place: string | Form | undefined = form;
  for (const part of path) {
    if (place === undefined || typeof place === 'string') return undefined;
    place = place[part];
  }
  return typeof place === 'string' ? place : undefined;
}

/** A form within a form, such as `metadata`: names with their texts. */
export function textsAt(form: Form, ...path: string[]): Record<string, string> {
  let place: string | Form | undefined = form;
  for (const part of path) {
    if (place === undefined || typeof place === 'string') return {};
    place = place[part];
  }
  if (place === undefined || typeof place === 'string') return {};
  return Object.fromEntries(
    Object.entries(place).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
