import { sqlStateOf } from './sql-state.ts';

/** Texts that JavaScript can hold and Postgres cannot: those with NUL, and those with half of a pair of surrogates. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** A text as it can be kept: what stands for a character that cannot be read is in the place of each that Postgres does not take. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** invalid_text_representation is none of them: whoever sends an id has made sure that it is one. */
const REFUSED = new Set(['22021', '22P05']);

/** Whether the database has refused a text that is not {@link isStorable}, directly or through Prisma. */
export function isTextRefused(error: unknown): boolean {
  return REFUSED.has(sqlStateOf(error) ?? '');
}
