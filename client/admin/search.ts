/**
 * Search parameters with types: what a page's route takes from the address. A value that cannot be is left out, so that an
 * address which somebody has typed wrongly shows the page as it is without it.
 */
import { isDay } from '../ui/zone.ts';

/** Reads one parameter; undefined when it is not there or cannot be. */
export type Reader<Value> = (raw: unknown) => Value | undefined;

/** One of some words. */
export const oneOf =
  <Word extends string>(...words: readonly Word[]): Reader<Word> =>
  (raw) =>
    words.find((word) => word === raw);

/** Any text, cut off where nobody would have typed more. */
export const text =
  (longest = 200): Reader<string> =>
  (raw) => {
    const value = typeof raw === 'string' || typeof raw === 'number' ? String(raw).slice(0, longest) : '';
    return value === '' ? undefined : value;
  };

/** Several of some words, each once; one of them alone may stand without brackets. */
export const someOf =
  <Word extends string>(...words: readonly Word[]): Reader<readonly Word[]> =>
  (raw) => {
    const asked: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
    const known = [...new Set(asked)].flatMap((each) => words.find((word) => word === each) ?? []);
    return known.length > 0 ? known : undefined;
  };

/** Several texts, each once, and no more than anybody would choose. */
export const texts =
  (most = 50): Reader<readonly string[]> =>
  (raw) => {
    const read = text();
    const asked: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
    const known = [...new Set(asked.flatMap((each) => read(each) ?? []))].slice(0, most);
    return known.length > 0 ? known : undefined;
  };

/** Yes; everything else is not. */
export const flag = (): Reader<true> => (raw) => (raw === true || raw === 'true' ? true : undefined);

/** A day, as YYYY-MM-DD. */
export const day = (): Reader<string> => (raw) => (typeof raw === 'string' && isDay(raw) ? raw : undefined);

/** What a route's `validateSearch` is: reads all parameters of a page, and leaves out those that are none of its. */
export function searchOf<Readers extends Readonly<Record<string, Reader<unknown>>>>(readers: Readers) {
  type Search = { [Name in keyof Readers]?: NonNullable<ReturnType<Readers[Name]>> };
  return (raw: Record<string, unknown>): Search => {
    const search: Record<string, unknown> = {};
    // Also what is undefined is said: the router puts this over the address's own, whatever that holds.
    for (const [name, read] of Object.entries(readers)) search[name] = read(raw[name]);
    return search as Search;
  };
}
