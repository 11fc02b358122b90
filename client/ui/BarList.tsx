/** Amounts beside each other as bars: which part of the whole each has. A bar that is cost marks nothing as good or bad. */
import type { ReactNode } from 'react';
import classes from './BarList.module.css';
import { shareOf } from './decimal.ts';
import { type Amount, Money } from './values.tsx';

export interface Bar {
  readonly key: string;
  readonly label: ReactNode;
  readonly value: Amount;
  /** A line below the label, such as a count and a state. */
  readonly note?: ReactNode;
}

/** @param whole what a full bar is: the largest, or the sum. */
export function BarList({
  label,
  bars,
  whole,
}: {
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly whole: Amount;
}) {
  return (
    <ul className={classes.list} aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.key} className={classes.item}>
          <div className={classes.line}>
            <span className={classes.label}>{bar.label}</span>
            <Money value={bar.value} precision="cents" />
          </div>
          <div className={classes.bar} aria-hidden="true">
            <div
              className={classes.filled}
              style={{ width: `${Math.min(shareOf(bar.value.amount, whole.amount), 1) * 100}%` }}
            />
          </div>
          {bar.note && <div className={classes.note}>{bar.note}</div>}
        </li>
      ))}
    </ul>
  );
}
