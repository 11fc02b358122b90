/** What has become of a figure that holds from an instant on. */
import { State } from '../../../ui/State.tsx';
import type { DatedState } from '../../gql/graphql.ts';

const WORDS: Readonly<Record<DatedState, string>> = {
  SCHEDULED: 'To come',
  IN_FORCE: 'In force',
  PAST: 'Past',
};
const TONES = { SCHEDULED: 'busy', IN_FORCE: 'good', PAST: 'quiet' } as const;

export function DatedStateBadge({ state }: { readonly state: DatedState }) {
  return <State tone={TONES[state]}>{WORDS[state]}</State>;
}
