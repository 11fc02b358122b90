/** What Stripe is asked to do, each time under a key: once, however often and by however many processes it is asked. */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import { StripeFailure } from './gateway.ts';
import * as statements from './statements/index.ts';

/** An argument that cannot be, with what would be right. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Why nothing came of a request. */
export type Refusal =
  | { readonly status: 'invalid'; readonly fields: readonly FieldError[] }
  | { readonly status: 'not-found'; readonly message: string }
  /** The key was used before, with another input. */
  | { readonly status: 'conflict' }
  /** Stripe does not answer: the same key may be used again. */
  | { readonly status: 'unavailable'; readonly message: string; readonly retryAfterSeconds: number | null };

/** Who asks, and under which key. */
export interface Asking {
  /** Whose keys these are; see Caller in the access room. */
  readonly namespace: string;
  readonly key: string;
  readonly accountId: string;
}

/** A request that is to be made once. */
export interface Once<Input, Result> extends Asking {
  readonly kind: statements.RequestKind;
  /** Tells the same request from another under one key. */
  readonly hash: string;
  /** All that Stripe will be told, or why it will not be asked. Counts when the key is new only. */
  readonly input: Input | Refusal;
  /**
   * Asks Stripe. Rejects with a StripeFailure. `once` is the key that Stripe is given. `keep` adds what Stripe will be told to
   * the input, and gives all of it as it was first kept.
   */
  perform(input: Input, once: string, keep: (more: Partial<Input>) => Promise<Input>): Promise<Result>;
  /** The argument that a refusal of Stripe's is about. */
  readonly blame: string;
}

/** Thrown to undo a transaction whose outcome is that nothing happens. */
const ROLL_BACK = new Error('nothing is to be kept');

const isRefusal = (input: object): input is Refusal => 'status' in input;

/**
 * Asks Stripe once under a key. The wish is kept before Stripe is asked and its result after, so that whoever repeats a
 * request of which nothing was heard asks Stripe the same thing under the same key.
 */
export async function askOnce<Input extends object, Result extends object>(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  given: Once<Input, Result>,
): Promise<{ readonly status: 'done'; readonly result: Result; readonly id: string } | Refusal> {
  let refusal: Refusal | undefined;
  let request: statements.RequestRow<Input, Result> | undefined;
  await database
    .transaction(async (sql) => {
      const claim = await statements.claimRequest<Input, Result>(sql, clock.now(), {
        id: newId(),
        ...given,
        input: given.input as Input,
      });
      if (claim.outcome === 'conflict') refusal = { status: 'conflict' };
      else if (claim.outcome === 'new' && isRefusal(given.input)) refusal = given.input;
      else request = claim.request;
      if (refusal) throw ROLL_BACK;
    })
    .catch((error: unknown) => {
      if (error !== ROLL_BACK) throw error;
    });
  if (refusal) return refusal;
  if (!request) throw new Error('A request was neither claimed nor refused.');
  const { id, input, result } = request;
  if (result) return { status: 'done', result, id };
  try {
    const made = await given.perform(input, `solvent-${id}`, (more) =>
      statements.completeRequest<Input>(database, id, more),
    );
    await statements.finishRequest(database, id, made);
    return { status: 'done', result: made, id };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    // Of what was done and not understood nobody else may be told that it was refused.
    if (error.kind === 'unavailable' || error.kind === 'unreadable') return unavailable(error);
    await database.transaction((sql) => statements.dropRequest(sql, id));
    return { status: 'invalid', fields: [{ path: given.blame, message: error.message }] };
  }
}

/** A failure that may be gone on another try, as an outcome. */
export function unavailable(error: StripeFailure): Refusal {
  return { status: 'unavailable', message: error.message, retryAfterSeconds: error.retryAfterSeconds };
}

/** An argument that cannot be, as an outcome. */
export function invalid(path: string, message: string): Refusal {
  return { status: 'invalid', fields: [{ path, message }] };
}
