/** What Stripe has told, what came of it, and another try for what is kept. */
import { Button, Modal, ScrollArea, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { Code, Instant, Nothing } from '../../../ui/values.tsx';
import type { StripeEventTable_StripeEventFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { type Rows, useAction } from '../../graphql/hooks.ts';

const StripeEventTable_StripeEventFragment = graphql(`
  fragment StripeEventTable_StripeEventFragment on StripeEvent {
    id
    stripeId
    type
    state
    reason
    payload
    createdAt
    receivedAt
  }
`);

const ProcessMutation = graphql(`
  mutation StripeEventTable_ProcessMutation($id: ID!) {
    processStripeEvent(id: $id) {
      done
      reason
      event {
        id
        state
      }
    }
  }
`);

type Event = StripeEventTable_StripeEventFragmentFragment;

interface Actions {
  readonly onLook: (event: Event) => void;
  readonly onRetry: (event: Event) => void;
}

function columnsOf({ onLook, onRetry }: Actions): readonly Column<Event>[] {
  return [
    {
      key: 'at',
      header: 'Received',
      wide: true,
      render: ({ receivedAt }) => <Instant value={receivedAt} style="second" />,
    },
    {
      key: 'type',
      header: 'Event',
      isRowHeader: true,
      render: ({ type, receivedAt }) => (
        <>
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {type}
          </Text>
          <PhoneLine>
            <Instant value={receivedAt} style="second" />
          </PhoneLine>
        </>
      ),
    },
    {
      key: 'happened',
      header: 'Happened',
      wide: true,
      render: ({ createdAt }) => <Instant value={createdAt} style="second" />,
    },
    {
      key: 'state',
      header: 'State',
      render: ({ state }) =>
        state === 'KEPT' ? <State tone="warning">Kept</State> : <State tone="good">Done</State>,
    },
    {
      key: 'reason',
      header: 'Effect or problem',
      wide: true,
      render: ({ state, reason }) =>
        reason ?? (state === 'DONE' ? 'What follows from it is booked' : <Nothing />),
    },
    { key: 'id', header: "Stripe's id", wide: true, render: ({ stripeId }) => <Code short>{stripeId}</Code> },
    {
      key: 'do',
      header: <VisuallyHidden>What can be done</VisuallyHidden>,
      acts: true,
      align: 'end',
      render: (event) =>
        event.state === 'KEPT' && (
          <Button.Group>
            <Button
              variant="default"
              size="xs"
              onClick={() => onLook(event)}
              aria-label={`Look at ${event.stripeId}`}
            >
              Look
            </Button>
            <Button
              variant="default"
              size="xs"
              onClick={() => onRetry(event)}
              aria-label={`Try ${event.stripeId} again`}
            >
              Try again
            </Button>
          </Button.Group>
        ),
    },
  ];
}

interface StripeEventTableProps {
  readonly events: Rows<FragmentType<typeof StripeEventTable_StripeEventFragment>>;
  readonly state: 'KEPT' | 'DONE' | undefined;
}

export function StripeEventTable({ events, state }: StripeEventTableProps) {
  const [shown, setShown] = useState<Event | null>(null);
  const [process] = useAction(ProcessMutation);
  const retry = async ({ id, type }: Event) => {
    const done = await process({ id });
    if (!done) return;
    const { done: isDone, reason } = done.processStripeEvent;
    if (isDone) toastDone(`${type} is booked now.`);
    else toastFailure({ title: `${type} is still kept`, message: reason ?? 'No reason was given.' });
  };
  return (
    <>
      <DataTable
        label="Events of Stripe"
        columns={columnsOf({ onLook: setShown, onRetry: (event) => void retry(event) })}
        rows={readFragment(StripeEventTable_StripeEventFragment, events.data)}
        keyOf={({ id }) => id}
        more={events.more}
        empty={
          state === 'KEPT' ? (
            <Empty title="Nothing is kept">
              Every event was understood, and what follows from it is booked.
            </Empty>
          ) : (
            <Empty title="Stripe has told nothing yet">
              Each event stands here once it comes to /webhooks/stripe; without a key the sandbox sends them.
            </Empty>
          )
        }
      />
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title={shown?.type}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <ScrollArea.Autosize mah="60vh" viewportProps={{ tabIndex: 0 }}>
          <Code>{JSON.stringify(shown?.payload ?? null, null, 2)}</Code>
        </ScrollArea.Autosize>
      </Modal>
    </>
  );
}
