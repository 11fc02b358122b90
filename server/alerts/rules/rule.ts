/** What a rule is: what can be set of it, when it is looked at, and what it sees. */
import type { Sql } from '../../database/index.ts';
import type { Settings, ValuesOf } from '../settings.ts';
import type { AlertKind, Observation } from '../types.ts';

/** What has happened that a rule may have something to see in. */
export type Topic = 'reserved' | 'settled' | 'protection' | 'circuits';

/** What has been booked since the last look; null looks at all that may matter. */
export interface Booked {
  readonly accountIds: readonly string[];
  readonly generationIds: readonly string[];
}

/** What a rule looks at. */
export interface Look {
  readonly sql: Sql;
  /** The present instant. */
  readonly now: Date;
  /** The instant whose windows are meant: the present one, or the last of an hour that has just ended. */
  readonly at: Date;
  /** What has been booked just now; null when all that was booked since `since` is to be looked at. */
  readonly booked: Booked | null;
  readonly since: Date;
}

/**
 * How its alerts end by themselves: `with-cause`, as soon as a look no longer sees it, so that each look must see all;
 * `with-window`, when their window is over.
 */
export type Ending = 'with-cause' | 'with-window';

/** A rule, its settings' types forgotten. */
export interface Rule {
  readonly kind: AlertKind;
  readonly description: string;
  readonly settings: Settings;
  readonly topics: readonly Topic[];
  readonly ends: Ending;
  /** Whether what it sees belongs to an hour or day, so that one which has just ended is looked at once more. */
  readonly windowed: boolean;
  /**
   * Whether an alert that is not resolved goes on when its cause is seen again under another window: one outage after the
   * other is one alert.
   */
  readonly continues: boolean;
  /** How long its cause must not have been seen before an alert is resolved, in milliseconds. */
  clearAfterMs(values: ValuesOf<Settings>): number;
  observe(look: Look, values: ValuesOf<Settings>): Promise<readonly Observation[]>;
}

/** Makes a rule. What is left out is what most rules do. */
export function defineRule<Of extends Settings>(rule: {
  readonly kind: AlertKind;
  readonly description: string;
  readonly settings: Of;
  readonly topics: readonly Topic[];
  readonly ends?: Ending;
  readonly windowed?: boolean;
  readonly continues?: boolean;
  readonly clearAfterMs?: (values: ValuesOf<Of>) => number;
  readonly observe: (look: Look, values: ValuesOf<Of>) => Promise<readonly Observation[]>;
}): Rule {
  const { clearAfterMs, observe } = rule;
  return {
    ends: 'with-cause',
    windowed: false,
    continues: false,
    ...rule,
    // Values are read by these very settings, so that they have these types.
    clearAfterMs: (values) => clearAfterMs?.(values as ValuesOf<Of>) ?? 0,
    observe: (look, values) => observe(look, values as ValuesOf<Of>),
  };
}
