/** A figure with its name: the large number of a dashboard. */
import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Figure.module.css';
import { type Tone, ToneIcon } from './State.tsx';

interface FigureProps {
  readonly label: string;
  /** The value; undefined while it is not known. */
  readonly value: ReactNode;
  /** A line below it: what it is compared with, or made of. */
  readonly note?: ReactNode;
  /** A state, which the line below should say in words too. */
  readonly tone?: Tone;
}

/** Figures beside each other, as many as there is room for. They are terms with their descriptions. */
export function Figures({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <dl className={classes.figures} aria-label={label}>
      {children}
    </dl>
  );
}

/** One of `Figures`. It is as high while it loads as it is afterwards. */
export function Figure({ label, value, note, tone }: FigureProps) {
  return (
    <div className={classes.figure} data-tone={tone}>
      <dt className={classes.label}>{label}</dt>
      <dd className={classes.value}>{value === undefined ? <Skeleton height={24} width={90} /> : value}</dd>
      <dd className={classes.note}>
        {value === undefined ? (
          <Skeleton height={12} width={120} />
        ) : (
          <>
            {tone && <ToneIcon tone={tone} size={14} />}
            <span>{note ?? '\u00a0'}</span>
          </>
        )}
      </dd>
    </div>
  );
}
