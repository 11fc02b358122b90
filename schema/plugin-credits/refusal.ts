/**
 * The envelope in which a price function or `reserve` hands back a refusal.
 *
 * The value sits in a private field, so that no plain object can be mistaken for a refusal: not by
 * TypeScript, whatever the type of a reservation is, and not at run time.
 */
export class CreditRefusal<Refusal = unknown> {
  readonly #value: Refusal;

  constructor(value: Refusal) {
    this.#value = value;
  }

  /** The application's own words for why: what was given to {@link refuse}. */
  get value(): Refusal {
    return this.#value;
  }
}

/**
 * Says no. Return its result from a price function or from the `reserve` option; the resolver then does not
 * run and nothing is posted or voided.
 *
 * @param value why, as the application's type `Credits['Refusal']`. `onRefused` and `CreditsRefusedError`
 *   receive it as it is.
 */
export function refuse<Refusal>(value: Refusal): CreditRefusal<Refusal> {
  return new CreditRefusal(value);
}
