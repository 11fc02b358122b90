/** A state: by colour, by shape and by word, so that none of the three is needed. */

import IconOctagon from '@tabler/icons-react/icons/IconAlertOctagonFilled';
import IconAlertTriangle from '@tabler/icons-react/icons/IconAlertTriangleFilled';
import IconCircleCheck from '@tabler/icons-react/icons/IconCircleCheckFilled';
import IconCircleDashed from '@tabler/icons-react/icons/IconCircleDashed';
import IconProgress from '@tabler/icons-react/icons/IconProgress';
import type { ReactNode } from 'react';
import classes from './State.module.css';

/** What a state means to whoever looks: all is well, look at it, act, something is under way, nothing is the matter. */
export type Tone = 'good' | 'warning' | 'bad' | 'busy' | 'quiet';

const SHAPES = {
  good: IconCircleCheck,
  warning: IconAlertTriangle,
  bad: IconOctagon,
  busy: IconProgress,
  quiet: IconCircleDashed,
} as const;

export function ToneIcon({ tone, size = 16 }: { readonly tone: Tone; readonly size?: number }) {
  const Shape = SHAPES[tone];
  return <Shape size={size} aria-hidden="true" className={classes.icon} data-tone={tone} />;
}

/** A badge: shape and word on the tone's pale ground. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={classes.badge} data-tone={tone}>
      <ToneIcon tone={tone} size={14} />
      <span>{children}</span>
    </span>
  );
}

/** The tone of a margin: red below the floor, yellow below what is healthy. Null: nothing has been earned. */
export function toneOfMargin(margin: number | null | undefined, floor = 0.2, healthy = 0.4): Tone {
  if (margin === null || margin === undefined) return 'quiet';
  return margin < floor ? 'bad' : margin < healthy ? 'warning' : 'good';
}
