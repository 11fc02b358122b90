/** A margin as a state: red below the floor, yellow below what is healthy. */
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Ratio } from '../../../ui/values.tsx';

interface MarginBadgeProps {
  readonly value: number | null | undefined;
  /** What is meant where there is none. */
  readonly none?: string;
}

export function MarginBadge({ value, none = 'no revenue' }: MarginBadgeProps) {
  return (
    <State tone={toneOfMargin(value)}>
      <Ratio value={value} none={none} />
    </State>
  );
}
