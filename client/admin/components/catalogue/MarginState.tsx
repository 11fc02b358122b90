/** The margin of a price at the least and the most that a credit sells for, and whether it is under the floor. */
import { State } from '../../../ui/State.tsx';
import { Ratio } from '../../../ui/values.tsx';

interface MarginStateProps {
  readonly price: {
    readonly margin?: number | null;
    readonly marginMax?: number | null;
    readonly belowFloor?: boolean | null;
  } | null;
}

export function MarginState({ price }: MarginStateProps) {
  if (price === null) return <State tone="quiet">No price</State>;
  const { margin, marginMax, belowFloor } = price;
  return (
    <State tone={belowFloor ? 'bad' : (margin ?? 0) < 0.4 ? 'warning' : 'good'}>
      <Ratio value={margin} />
      {marginMax !== null && marginMax !== undefined && marginMax !== margin && (
        <>
          {' – '}
          <Ratio value={marginMax} />
        </>
      )}
      {belowFloor && ', below the floor'}
    </State>
  );
}
