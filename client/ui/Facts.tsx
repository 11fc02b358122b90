/** What is to be known of one thing: names with their values. */
import type { ReactNode } from 'react';
import classes from './Facts.module.css';

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

interface FactProps {
  readonly label: string;
  /** Takes a whole line, for texts. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** One of `Facts`, and only in them. */
export function Fact({ label, wide = false, children }: FactProps) {
  return (
    <div className={`${classes.fact} ${wide ? classes.wide : ''}`}>
      <dt className={classes.label}>{label}</dt>
      <dd className={classes.value}>{children}</dd>
    </div>
  );
}
