import { PothosValidationError } from '@pothos/core';
import type { GraphQLError } from 'graphql';

// Errors are split by who must act. What the client must change extends PothosValidationError, a GraphQLError
// that servers show to the client. What the operator must repair is a plain Error, which servers mask.

/**
 * Thrown for a refusal that neither the field's nor the builder's `onRefused` has answered.
 * Its `extensions.code` reaches the client; `refusal` stays on the server.
 */
export class CreditsRefusedError<Refusal = unknown> extends PothosValidationError {
  readonly code = 'CREDITS_REFUSED';
  /** What was given to `refuse()`. */
  readonly refusal: Refusal;

  /** @param field the refused field, as `Mutation.generateImage`. */
  constructor(field: string, refusal: Refusal) {
    super(`Credits were refused for ${field}`, { extensions: { code: 'CREDITS_REFUSED' } });
    this.name = 'CreditsRefusedError';
    this.refusal = refusal;
  }
}

/**
 * Thrown by `priceOfDocument` when the document cannot be run as it is: it has a syntax error, does not fit the
 * schema, names no single operation, or its variables do not fit.
 */
export class CreditsDocumentError extends PothosValidationError {
  readonly code = 'CREDITS_DOCUMENT_INVALID';
  /** What is wrong, one error for each fault, with its place in the document. */
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super(`The document cannot be priced: ${errors.map((error) => error.message).join(' ')}`, {
      extensions: { code: 'CREDITS_DOCUMENT_INVALID' },
    });
    this.name = 'CreditsDocumentError';
    this.errors = errors;
  }
}

/** Thrown when a price came out as something other than a whole number of credits. The resolver has not run. */
export class CreditsPriceError extends Error {
  readonly code = 'CREDITS_PRICE_BROKEN';
  /** What was offered as a price. */
  readonly price: unknown;

  /** @param field the field whose price is broken, as `Mutation.generateImage`. */
  constructor(field: string, price: unknown) {
    super(
      `The price of ${field} must be a non-negative safe integer of credits, but it came out as ${show(price)}`,
    );
    this.name = 'CreditsPriceError';
    this.price = price;
  }
}

/** Thrown by `reservationOf` and `takeReservation` when the resolver cannot have a reservation. */
export class CreditsReservationError extends Error {
  readonly code = 'CREDITS_NO_RESERVATION';

  constructor(message: string) {
    super(message);
    this.name = 'CreditsReservationError';
  }
}

/**
 * Thrown when the resolver failed and then `void` failed as well: the reservation is still pending, and the
 * application must have another way to resolve it. `errors` holds both causes, the resolver's first.
 */
export class CreditsVoidError extends AggregateError {
  readonly code = 'CREDITS_VOID_FAILED';
  /** Why the reservation was to be voided. */
  readonly resolverError: unknown;
  /** Why it could not be. */
  readonly voidError: unknown;

  /** @param field the field that failed, as `Mutation.generateImage`. */
  constructor(field: string, resolverError: unknown, voidError: unknown) {
    super([resolverError, voidError], `${field} failed, and then its reservation could not be voided`, {
      cause: resolverError,
    });
    this.name = 'CreditsVoidError';
    this.resolverError = resolverError;
    this.voidError = voidError;
  }
}

/** A value in a message: short, and never throwing, as a symbol or a bare object would. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }

  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : `an object with ${Object.keys(value).join(', ') || 'no keys'}`;
  }

  return typeof value === 'function' ? 'a function' : String(value);
}
