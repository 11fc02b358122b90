/** What an attempt came to. */
import { State, type Tone } from '../../../ui/State.tsx';
import type { AttemptOutcome } from '../../gql/graphql.ts';

const OUTCOMES: Readonly<Record<AttemptOutcome, readonly [Tone, string]>> = {
  SUCCEEDED: ['good', 'Succeeded'],
  FAILED_UNBILLED: ['warning', 'Failed, not billed'],
  FAILED_BILLED: ['bad', 'Failed, billed'],
  UNKNOWN: ['bad', 'Unknown, booked at its most'],
  CANCELED: ['quiet', 'Canceled'],
};

export function OutcomeState({ outcome }: { readonly outcome: AttemptOutcome }) {
  const [tone, words] = OUTCOMES[outcome];
  return <State tone={tone}>{words}</State>;
}
