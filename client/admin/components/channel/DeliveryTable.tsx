/** What was sent to channels, and what has come of it. Those that are dead can be tried anew. */
import { Box, Button, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Count, Instant } from '../../../ui/values.tsx';
import type { DeliveryTable_AlertDeliveryFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { type Rows, useAction } from '../../graphql/hooks.ts';
import { DELIVERY_STATES, REASONS } from './words.ts';

const DeliveryTable_AlertDeliveryFragment = graphql(`
  fragment DeliveryTable_AlertDeliveryFragment on AlertDelivery {
    id
    channelName
    reason
    state
    attempts
    dueAt
    lastError
    createdAt
    deliveredAt
    changes {
      sequence
      alert {
        id
        title
      }
    }
  }
`);

const RetryMutation = graphql(`
  mutation DeliveryTable_RetryMutation($id: ID!) {
    retryDelivery(id: $id) {
      id
      ...DeliveryTable_AlertDeliveryFragment
    }
  }
`);

type Delivery = DeliveryTable_AlertDeliveryFragmentFragment;

const DeliveryState = ({ state }: Pick<Delivery, 'state'>) => (
  <State tone={DELIVERY_STATES[state][0]}>{DELIVERY_STATES[state][1]}</State>
);

/** So many titles are shown of a message that tells of more. */
const SHOWN = 2;

const columnsOf = (retry: (delivery: Delivery) => void): readonly Column<Delivery>[] => [
  {
    key: 'state',
    header: 'State',
    wide: true,
    render: ({ state }) => <DeliveryState state={state} />,
  },
  {
    key: 'what',
    header: 'What',
    isRowHeader: true,
    render: ({ channelName, reason, changes, lastError, state }) => (
      <>
        <Box hiddenFrom="sm" mb={4}>
          <DeliveryState state={state} />
        </Box>
        {REASONS[reason]} to {channelName}
        {changes.slice(0, SHOWN).map(({ sequence, alert }) => (
          <Text size="sm" c="dimmed" key={sequence}>
            Number {sequence}: {alert.title}
          </Text>
        ))}
        {changes.length > SHOWN && (
          <Text size="sm" c="dimmed">
            and {changes.length - SHOWN} more
          </Text>
        )}
        {lastError && state !== 'DELIVERED' && (
          <Text size="sm" c="var(--solvent-bad)">
            {lastError}
          </Text>
        )}
      </>
    ),
  },
  {
    key: 'made',
    header: 'Made',
    wide: true,
    render: ({ createdAt }) => <Instant value={createdAt} style="second" />,
  },
  {
    key: 'tries',
    header: 'Tries',
    align: 'end',
    wide: true,
    render: ({ attempts }) => <Count value={attempts} />,
  },
  {
    key: 'when',
    header: 'Delivered, or next try',
    wide: true,
    render: ({ state, dueAt, deliveredAt }) =>
      state === 'DEAD' ? 'never' : <Instant value={deliveredAt ?? dueAt} style="second" />,
  },
  {
    key: 'retry',
    header: <VisuallyHidden>Try again</VisuallyHidden>,
    acts: true,
    align: 'end',
    render: (delivery) =>
      delivery.state === 'DEAD' ? (
        <Button
          size="xs"
          variant="default"
          onClick={() => retry(delivery)}
          aria-label={`Try again: ${REASONS[delivery.reason]} to ${delivery.channelName}`}
        >
          Try again
        </Button>
      ) : null,
  },
];

interface DeliveryTableProps {
  readonly deliveries: Rows<FragmentType<typeof DeliveryTable_AlertDeliveryFragment>>;
  readonly empty: ReactNode;
}

export function DeliveryTable({ deliveries, empty }: DeliveryTableProps) {
  const [retry] = useAction(RetryMutation);
  return (
    <DataTable
      label="Messages"
      columns={columnsOf(({ id }) => {
        void retry({ id }).then((done) => done && toastDone('It is tried anew.'));
      })}
      rows={readFragment(DeliveryTable_AlertDeliveryFragment, deliveries.data)}
      keyOf={({ id }) => id}
      more={deliveries.more}
      expected={3}
      empty={empty}
    />
  );
}
