/** How full a limit is: what is spent, what is set aside, and what is left, as a bar and in words. */
import { shareOf } from './decimal.ts';
import classes from './Meter.module.css';
import type { Tone } from './State.tsx';
import { type Amount, Money } from './values.tsx';

interface MeterProps {
  /** What it measures, for those who do not see it. */
  readonly label: string;
  readonly spent: Amount;
  readonly reserved: Amount;
  readonly limit: Amount;
}

/** From which share of the limit a meter warns. */
const NEARLY_FULL = 0.8;

/** The tone of a limit that is so full. */
export function toneOfShare(share: number): Tone {
  return share >= 1 ? 'bad' : share >= NEARLY_FULL ? 'warning' : 'good';
}

export function Meter({ label, spent, reserved, limit }: MeterProps) {
  const spentShare = Math.min(shareOf(spent.amount, limit.amount), 1);
  const reservedShare = Math.min(shareOf(reserved.amount, limit.amount), 1 - spentShare);
  const share = spentShare + reservedShare;
  return (
    <div className={classes.meter} data-tone={toneOfShare(share)}>
      {/* biome-ignore lint/a11y/useSemanticElements: a <meter> shows one amount, and this one has two. */}
      <div
        className={classes.bar}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={`${Math.round(share * 100)} percent used`}
      >
        <div className={classes.spent} style={{ width: `${spentShare * 100}%` }} />
        <div className={classes.reserved} style={{ width: `${reservedShare * 100}%` }} />
      </div>
      <div className={classes.words}>
        <span>
          <Money value={spent} precision="cents" /> spent
        </span>
        <span>
          <Money value={reserved} precision="cents" /> reserved
        </span>
        <span>
          of <Money value={limit} precision="cents" />
        </span>
      </div>
    </div>
  );
}
