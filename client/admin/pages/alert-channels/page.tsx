/** Where alerts are delivered to, and what has become of each message. */
import { Button, Group, SegmentedControl, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ChannelForm } from '../../components/channel/ChannelForm.tsx';
import { ChannelTable } from '../../components/channel/ChannelTable.tsx';
import { DeliveryTable } from '../../components/channel/DeliveryTable.tsx';
import { DELIVERY_STATES } from '../../components/channel/words.ts';
import type { AlertDeliveryState } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const ChannelsQuery = graphql(`
  query AlertChannels_PageQuery($state: AlertDeliveryState, $channelId: ID, $after: String) {
    alertChannels {
      id
      name
      ...ChannelTable_AlertChannelFragment
    }
    alertDeliveries(first: 20, after: $after, state: $state, channelId: $channelId) {
      edges {
        node {
          id
          ...DeliveryTable_AlertDeliveryFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const STATES = Object.keys(DELIVERY_STATES) as AlertDeliveryState[];
const route = getRouteApi('/shell/alert-channels');

export function AlertChannelsPage() {
  const { state, channel } = route.useSearch();
  const navigate = route.useNavigate();
  const [isAdding, setAdding] = useState(false);
  const asked = useRows(ChannelsQuery, { state, channelId: channel }, (data) => data.alertDeliveries, {
    refreshSeconds: 5,
    alsoOf: ['AlertChannel', 'AlertDelivery'],
  });
  const channels = asked.answer?.alertChannels;
  const change = (next: Partial<ReturnType<typeof route.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Page
      title="Alert channels"
      note="Each message arrives at least once, and is tried for about 15 hours before it is dead."
      actions={<Button onClick={() => setAdding(true)}>Add a channel</Button>}
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Panel title="Where alerts go" flush>
        <ChannelTable channels={channels} onRemoved={asked.refresh} />
      </Panel>
      <Panel title="Messages" note="The newest first" flush>
        <Group align="end" gap="sm" px="md" pb="xs">
          <SegmentedControl
            aria-label="State"
            value={state ?? ''}
            onChange={(value) => change({ state: STATES.find((each) => each === value) })}
            data={[
              { value: '', label: 'All' },
              ...STATES.map((value) => ({ value, label: DELIVERY_STATES[value][1] })),
            ]}
            style={{ maxWidth: '100%', overflowX: 'auto' }}
          />
          <Select
            aria-label="Channel"
            placeholder="All channels"
            clearable
            clearButtonProps={{ 'aria-label': 'All channels' }}
            data={channels?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
            value={channel ?? null}
            onChange={(value) => change({ channel: value ?? undefined })}
          />
        </Group>
        <DeliveryTable
          deliveries={asked}
          empty={
            state || channel ? (
              <Empty title="No message is like that">Choose another state or channel.</Empty>
            ) : (
              <Empty title="Nothing was sent yet">What is sent to a channel shows up here, a test too.</Empty>
            )
          }
        />
      </Panel>
      <ChannelForm draft={isAdding ? 'new' : null} others={channels ?? []} onClose={() => setAdding(false)} />
    </Page>
  );
}
