/** Hours and days of UTC, and how they and money are written in alerts. */
import { formatDecimal, type Micros } from '../../money.ts';

/** A time that an alert is told of once. */
export interface Window {
  readonly period: 'HOUR' | 'DAY';
  readonly key: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Such as `hour from 2026-11-20 12:00 UTC`. */
  readonly name: string;
}

const HOUR_MS = 3_600_000;
/** A day of UTC. */
export const DAY_MS = 86_400_000;

/** `2026-11-20 12:00 UTC`. */
export function written(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The key of a window: its period, and its beginning. */
export function windowKey(period: string, startsAt: Date): string {
  return `${period} ${startsAt.toISOString().slice(0, 16)}Z`;
}

function windowOf(period: 'HOUR' | 'DAY', lengthMs: number, at: Date): Window {
  const startsAt = new Date(Math.floor(at.getTime() / lengthMs) * lengthMs);
  return {
    period,
    key: windowKey(period, startsAt),
    startsAt,
    endsAt: new Date(startsAt.getTime() + lengthMs),
    name:
      period === 'HOUR' ? `hour from ${written(startsAt)}` : `day ${startsAt.toISOString().slice(0, 10)} UTC`,
  };
}

/** The hour of UTC in which an instant is. */
export const hourOf = (at: Date): Window => windowOf('HOUR', HOUR_MS, at);

/** The day of UTC in which an instant is. */
export const dayOf = (at: Date): Window => windowOf('DAY', DAY_MS, at);

/** `$41.20`. */
export const money = (micros: Micros): string =>
  micros < 0n ? `-$${formatDecimal(-micros)}` : `$${formatDecimal(micros)}`;
