/** Values as text: each aligned, exact, and in the manner of whoever looks. */
import { useEffect, useState } from 'react';
import { isNegative } from './decimal.ts';
import {
  formatAgo,
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatInstant,
  formatMoney,
  formatRatio,
  type InstantStyle,
} from './format.ts';
import { useManner } from './preferences.tsx';
import classes from './values.module.css';

/** In the place of a value that is not there. */
export function Nothing({ label = 'none' }: { readonly label?: string }) {
  return (
    <span className={classes.nothing}>
      <span aria-hidden="true">–</span>
      <span className={classes.hidden}>{label}</span>
    </span>
  );
}

/** An amount as the API gives it. */
export interface Amount {
  /** Exact decimal text. */
  readonly amount: string;
  readonly currency: string;
}

interface MoneyProps {
  readonly value: Amount | null | undefined;
  /** `cents` rounds what is shown; the exact amount is its title. */
  readonly precision?: 'exact' | 'cents';
  /** Whether what is below zero is marked as bad. */
  readonly signed?: boolean;
}

/** An amount of money, exact to its last place. */
export function Money({ value, precision = 'exact', signed = false }: MoneyProps) {
  const manner = useManner();
  if (!value) return <Nothing />;
  const { amount, currency } = value;
  const shown = formatMoney(amount, currency, manner, precision);
  const exact = formatMoney(amount, currency, manner);
  return (
    <data
      value={amount}
      className={`${classes.number} ${signed && isNegative(amount) ? classes.negative : ''}`}
      title={exact === shown ? undefined : exact}
    >
      {shown}
    </data>
  );
}

/** A count, or a change of one with its sign. */
export function Count({ value, change = false }: { readonly value: number; readonly change?: boolean }) {
  const manner = useManner();
  return (
    <span className={classes.number}>
      {change ? formatChange(value, manner) : formatCount(value, manner)}
    </span>
  );
}

/** A ratio as a percentage. Null: there is none. */
export function Ratio({
  value,
  none,
}: {
  readonly value: number | null | undefined;
  readonly none?: string;
}) {
  const manner = useManner();
  if (value === null || value === undefined) return <Nothing label={none} />;
  return <span className={classes.number}>{formatRatio(value, manner)}</span>;
}

/** How much something has changed from the time before. Null: there was nothing before. */
export function Change({ ratio }: { readonly ratio: number | null | undefined }) {
  const manner = useManner();
  if (ratio === null || ratio === undefined) return <span>none before</span>;
  const arrow = ratio > 0 ? '▲' : ratio < 0 ? '▼' : '=';
  return (
    <span className={classes.change}>
      <span aria-hidden="true">{arrow} </span>
      {formatRatio(ratio, manner, true)} from before
    </span>
  );
}

/** An instant in the chosen zone; its title has it in full. */
export function Instant({
  value,
  style = 'minute',
  none,
}: {
  readonly value: string | null | undefined;
  readonly style?: InstantStyle;
  readonly none?: string;
}) {
  const manner = useManner();
  if (!value) return none ? <span>{none}</span> : <Nothing />;
  return (
    <time dateTime={value} title={formatInstant(value, manner, 'full')} className={classes.number}>
      {formatInstant(value, manner, style)}
    </time>
  );
}

/** How long ago, or how far ahead; it goes on by itself. */
export function Ago({ value }: { readonly value: string }) {
  const manner = useManner();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={value} title={formatInstant(value, manner, 'full')}>
      {formatAgo(value, now, manner)}
    </time>
  );
}

export function Duration({ ms }: { readonly ms: number }) {
  return <span className={classes.number}>{formatDuration(ms, useManner())}</span>;
}

export function Bytes({ value }: { readonly value: number }) {
  return <span className={classes.number}>{formatBytes(value, useManner())}</span>;
}

interface CodeProps {
  readonly children: string;
  /** In one line, however long it is. */
  readonly whole?: boolean;
  /** In one line of a table: what does not fit is cut off, and is in the title. */
  readonly short?: boolean;
}

/** An id or a key, in letters of equal width, that breaks where it must. */
export function Code({ children, whole = false, short = false }: CodeProps) {
  return (
    <code
      className={`${classes.code} ${whole ? classes.whole : ''} ${short ? classes.short : ''}`}
      title={short ? children : undefined}
    >
      {children}
    </code>
  );
}

/** A text that people or machines wrote, in a table: it may be long, and have words that are. */
export function Long({ children }: { readonly children: string | null | undefined }) {
  return children ? <div className={classes.long}>{children}</div> : <Nothing />;
}
