import type { GraphQLResolveInfo } from 'graphql';
import { CreditsReservationError } from './errors.ts';
import { type CompiledCredits, compiledCreditsIn } from './price.ts';

/** A reservation while its field runs. */
export interface HeldReservation {
  readonly reservation: unknown;
  /** Who answers for it: the plugin while `held`, the resolver once `taken`, nobody once `voided`. */
  state: 'held' | 'taken' | 'voided';
}

// GraphQL makes one `info` for each run of a field: for each alias, each element of a list, each event. So `info`
// tells two runs apart where the context, which all of them share, could not.
const heldReservations = new WeakMap<GraphQLResolveInfo, HeldReservation>();

/** Remembers the reservation for as long as the field's `info` lives. */
export function holdReservation(info: GraphQLResolveInfo, reservation: unknown): HeldReservation {
  const held: HeldReservation = { reservation, state: 'held' };

  heldReservations.set(info, held);

  return held;
}

/**
 * The reservation of the field that is running, for its resolver to read.
 *
 * @param info the very `info` the resolver was given, not a copy.
 * @typeParam Reservation the application's own type; it is not checked at run time.
 * @throws CreditsReservationError when there is none; the message says why.
 */
export function reservationOf<Reservation = unknown>(info: GraphQLResolveInfo): Reservation {
  return find(info).reservation as Reservation;
}

/**
 * The reservation, taken over by the resolver: from here on the resolver settles it, even when it throws.
 * Calling it again is harmless. Only for fields with `settle: 'resolver'`.
 *
 * @param info the very `info` the resolver was given, not a copy.
 * @typeParam Reservation the application's own type; it is not checked at run time.
 * @throws CreditsReservationError when there is none, when the field settles by itself, or when the resolver has
 *   already failed and the reservation was voided.
 */
export function takeReservation<Reservation = unknown>(info: GraphQLResolveInfo): Reservation {
  const held = find(info);

  if (creditsOf(info)?.extension.settle !== 'resolver') {
    throw new CreditsReservationError(
      `${nameOf(info)} settles its reservation by itself; to take it over, give its credits settle: 'resolver'`,
    );
  }

  if (held.state === 'voided') {
    throw new CreditsReservationError(
      `The reservation of ${nameOf(info)} was voided when its resolver failed; take it before anything can fail`,
    );
  }

  held.state = 'taken';

  return held.reservation as Reservation;
}

function find(info: GraphQLResolveInfo): HeldReservation {
  const held = heldReservations.get(info);

  if (held) {
    return held;
  }

  const credits = creditsOf(info);

  throw new CreditsReservationError(
    !credits
      ? `${nameOf(info)} has no reservation, because it has no price; give the field the option 'credits'`
      : credits.extension.charge === 'once'
        ? `${nameOf(info)} is charged once, so its reservation is known to its subscribe function only`
        : `${nameOf(info)} has no reservation: the schema was built with disableCredits, or the info is not the one its resolver was given`,
  );
}

function creditsOf(info: GraphQLResolveInfo): CompiledCredits | undefined {
  return compiledCreditsIn(info.parentType.getFields()[info.fieldName]?.extensions);
}

function nameOf(info: GraphQLResolveInfo): string {
  return `${info.parentType.name}.${info.fieldName}`;
}
