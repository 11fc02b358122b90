/** What Stripe has told. */
import { SegmentedControl } from '@mantine/core';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { StripeEventTable } from '../../components/book/StripeEventTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const EventsQuery = graphql(`
  query Books_EventsQuery($state: StripeEventState, $after: String) {
    stripeEvents(first: 50, after: $after, state: $state) {
      edges {
        node {
          id
          ...StripeEventTable_StripeEventFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type EventState = 'KEPT' | 'DONE';

const STATES = [
  { value: '', label: 'All' },
  { value: 'KEPT', label: 'Kept' },
  { value: 'DONE', label: 'Done' },
] as const;

interface StripeEventsProps {
  readonly state: EventState | undefined;
  readonly onState: (state: EventState | undefined) => void;
}

export function StripeEvents({ state, onState }: StripeEventsProps) {
  const events = useRows(EventsQuery, { state }, (data) => data.stripeEvents, { alsoOf: ['StripeEvent'] });
  return (
    <>
      {events.failure && <FailureNote failure={events.failure} onRetry={events.refresh} />}
      <Panel
        title="Events of Stripe"
        note="Each once by its id. What is kept was not understood or names what is not there: somebody has to look."
        actions={
          <SegmentedControl
            aria-label="State"
            size="xs"
            value={state ?? ''}
            data={STATES.map(({ value, label }) => ({ value: value as string, label }))}
            onChange={(value) => onState(value === 'KEPT' || value === 'DONE' ? value : undefined)}
          />
        }
        flush
      >
        <StripeEventTable events={events} state={state} />
      </Panel>
    </>
  );
}
