import { hash } from 'node:crypto';

/** SHA-256 of an input, by which a repeated idempotency key tells the same request from another. */
export function hashText(input: readonly (string | number | null)[]): string {
  return hash('sha256', JSON.stringify(input));
}
