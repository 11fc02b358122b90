/**
 * Time as the application sees it. Everything that money depends on asks a clock, so that a test can set it;
 * only time-outs of sockets and intervals of loops use the machine's timers directly.
 */
export interface Clock {
  /** The present instant. */
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is told otherwise. */
export class FakeClock implements Clock {
  #milliseconds: number;

  /** @param start ISO 8601 instant at which it stands. */
  constructor(start: string) {
    this.#milliseconds = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#milliseconds);
  }

  /** Moves on by so many milliseconds; a negative number goes back, as a corrected clock does. */
  advance(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }

  /** Moves to an ISO 8601 instant. */
  set(instant: string): void {
    this.#milliseconds = Date.parse(instant);
  }
}

/** Whether a text is the IANA name of a time zone, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z_+\-/0-9]+$/.test(name);
  } catch {
    return false;
  }
}
