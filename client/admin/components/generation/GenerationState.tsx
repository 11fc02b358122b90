/** How far a generation is. */
import { State, type Tone } from '../../../ui/State.tsx';
import type { GenerationStatus } from '../../gql/graphql.ts';

const STATES: Readonly<Record<GenerationStatus, readonly [Tone, string]>> = {
  QUEUED: ['busy', 'Waiting'],
  RUNNING: ['busy', 'Under way'],
  SUCCEEDED: ['good', 'Succeeded'],
  FAILED: ['bad', 'Failed, refunded'],
  CANCELED: ['quiet', 'Canceled, refunded'],
};

export const isUnderWay = (status: GenerationStatus): boolean => status === 'QUEUED' || status === 'RUNNING';

export function GenerationState({
  status,
  cached = false,
}: {
  readonly status: GenerationStatus;
  readonly cached?: boolean;
}) {
  const [tone, words] = STATES[status];
  return <State tone={tone}>{cached && status === 'SUCCEEDED' ? 'From the cache' : words}</State>;
}
