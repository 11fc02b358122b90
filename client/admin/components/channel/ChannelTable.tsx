/** Where alerts are delivered to, and what can be done with a channel. */
import { ActionIcon, Button, Group, Menu, Text, VisuallyHidden } from '@mantine/core';
import IconDots from '@tabler/icons-react/icons/IconDots';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { Code } from '../../../ui/values.tsx';
import type { ChannelTable_AlertChannelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { KINDS, SEVERITIES } from '../alert/words.ts';
import { ChannelForm } from './ChannelForm.tsx';
import { SecretDialog } from './SecretDialog.tsx';
import { CHANNEL_KINDS } from './words.ts';

const ChannelTable_AlertChannelFragment = graphql(`
  fragment ChannelTable_AlertChannelFragment on AlertChannel {
    id
    kind
    name
    target
    enabled
    minimumSeverity
    kinds
    escalationsOnly
    quietFrom
    quietTo
    timeZone
    escalateAfterMinutes
    escalateTo {
      id
      name
    }
    ...ChannelForm_AlertChannelFragment
  }
`);

const TestMutation = graphql(`
  mutation ChannelTable_TestMutation($id: ID!) {
    testAlertChannel(id: $id) {
      id
      state
      lastError
    }
  }
`);

const SwitchMutation = graphql(`
  mutation ChannelTable_SwitchMutation($id: ID!, $input: AlertChannelInput!) {
    updateAlertChannel(id: $id, input: $input) {
      ... on SavedAlertChannel {
        channel {
          id
          ...ChannelTable_AlertChannelFragment
        }
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`);

const RemoveMutation = graphql(`
  mutation ChannelTable_RemoveMutation($id: ID!) {
    removeAlertChannel(id: $id)
  }
`);

const RotateMutation = graphql(`
  mutation ChannelTable_RotateMutation($id: ID!) {
    rotateAlertChannelSecret(id: $id)
  }
`);

type Channel = ChannelTable_AlertChannelFragmentFragment;

interface Acts {
  readonly test: (channel: Channel) => void;
  readonly edit: (channel: Channel) => void;
  readonly toggle: (channel: Channel) => void;
  readonly rotate: (channel: Channel) => void;
  readonly remove: (channel: Channel) => void;
  /** The id of the channel that is being tested. */
  readonly testing: string | null;
}

function gets({ minimumSeverity, kinds, escalationsOnly }: Channel): string {
  if (escalationsOnly) return 'What others escalate to it';
  const which = kinds.length === 0 ? 'all rules' : kinds.map((kind) => KINDS[kind]).join(', ');
  const how = minimumSeverity === 'CRITICAL' ? '' : ' and worse';
  return `${SEVERITIES[minimumSeverity][1]}${how}, of ${which}`;
}

const columnsOf = (acts: Acts): readonly Column<Channel>[] => [
  {
    key: 'name',
    header: 'Channel',
    isRowHeader: true,
    render: ({ name, kind, target }) => (
      <>
        {name}
        <Text size="sm" c="dimmed">
          {CHANNEL_KINDS[kind]}: <Code>{target}</Code>
        </Text>
      </>
    ),
  },
  { key: 'gets', header: 'Gets', wide: true, render: (channel) => gets(channel) },
  {
    key: 'when',
    header: 'Quiet and escalation',
    wide: true,
    render: ({ quietFrom, quietTo, timeZone, escalateAfterMinutes, escalateTo }) => (
      <>
        {quietFrom ? `Quiet from ${quietFrom} to ${quietTo}, ${timeZone}` : 'At any time'}
        {escalateTo && (
          <Text size="sm" c="dimmed">
            After {escalateAfterMinutes} min to {escalateTo.name}
          </Text>
        )}
      </>
    ),
  },
  {
    key: 'state',
    header: 'State',
    render: ({ enabled }) =>
      enabled ? <State tone="good">On</State> : <State tone="quiet">Switched off</State>,
  },
  {
    key: 'acts',
    header: <VisuallyHidden>What can be done</VisuallyHidden>,
    acts: true,
    align: 'end',
    render: (channel) => (
      <Group gap={6} justify="flex-end" wrap="nowrap">
        <Button
          size="xs"
          variant="default"
          onClick={() => acts.test(channel)}
          loading={acts.testing === channel.id}
          aria-label={`Send a test to ${channel.name}`}
        >
          Send a test
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={30} aria-label={`More for ${channel.name}`}>
              <IconDots size={16} aria-hidden="true" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => acts.edit(channel)}>Change</Menu.Item>
            <Menu.Item onClick={() => acts.toggle(channel)}>
              {channel.enabled ? 'Switch off' : 'Switch on'}
            </Menu.Item>
            {channel.kind === 'WEBHOOK' && (
              <Menu.Item onClick={() => acts.rotate(channel)}>New secret</Menu.Item>
            )}
            <Menu.Item onClick={() => acts.remove(channel)} c="var(--solvent-bad)">
              Remove
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    ),
  },
];

interface ChannelTableProps {
  readonly channels: readonly FragmentType<typeof ChannelTable_AlertChannelFragment>[] | undefined;
  /** Asks for them again: called when one is gone. */
  readonly onRemoved: () => void;
}

export function ChannelTable({ onRemoved, ...props }: ChannelTableProps) {
  const channels = readFragment(ChannelTable_AlertChannelFragment, props.channels);
  const [edited, setEdited] = useState<Channel | null>(null);
  const [asked, setAsked] = useState<{ act: 'remove' | 'rotate'; channel: Channel } | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [testing, setTesting] = useState<string | null>(null);
  const [sendTest] = useAction(TestMutation);
  const [change] = useAction(SwitchMutation);
  const [remove] = useAction(RemoveMutation);
  const [rotate] = useAction(RotateMutation);

  const test = async ({ id, name }: Channel) => {
    setTesting(id);
    const done = await sendTest({ id });
    setTesting(null);
    if (!done) return;
    const { state, lastError } = done.testAlertChannel;
    if (state === 'DELIVERED') toastDone(`The test has arrived at “${name}”.`);
    else
      toastFailure({
        title: `The test did not arrive at “${name}”`,
        message: lastError ?? 'Its receiver has not answered.',
      });
  };
  const toggle = async ({ id, name, enabled }: Channel) => {
    const outcome = (await change({ id, input: { enabled: !enabled } }))?.updateAlertChannel;
    if (!isDone(outcome, 'SavedAlertChannel', 'That did not work')) return;
    toastDone(enabled ? `“${name}” gets nothing from now on.` : `“${name}” gets alerts again.`);
  };

  return (
    <>
      <DataTable
        label="Channels"
        columns={columnsOf({
          test: (channel) => void test(channel),
          edit: setEdited,
          toggle: (channel) => void toggle(channel),
          rotate: (channel) => setAsked({ act: 'rotate', channel }),
          remove: (channel) => setAsked({ act: 'remove', channel }),
          testing,
        })}
        rows={channels}
        keyOf={({ id }) => id}
        expected={2}
        empty={
          <Empty title="Nobody is told of alerts yet">
            Add a channel: a signed webhook, Slack and what is like it, or e-mail.
          </Empty>
        }
      />
      <ChannelForm
        draft={edited}
        others={channels?.filter(({ id }) => id !== edited?.id) ?? []}
        onClose={() => setEdited(null)}
      />
      <ConfirmDialog
        opened={asked?.act === 'remove'}
        onClose={() => setAsked(null)}
        title={`Remove “${asked?.channel.name ?? ''}”?`}
        confirm="Remove it for good"
        danger
        onConfirm={async () => {
          const done = asked && (await remove({ id: asked.channel.id }));
          if (!done) return false;
          onRemoved();
          toastDone(`“${asked.channel.name}” is gone.`);
          return true;
        }}
      >
        <Text size="sm">
          It gets nothing more, and what waits for it is never sent. Alerts and its past messages stay. To
          stop it for a while, switch it off.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked?.act === 'rotate'}
        onClose={() => setAsked(null)}
        title={`A new secret for “${asked?.channel.name ?? ''}”?`}
        confirm="Make a new secret"
        onConfirm={async () => {
          const done = asked && (await rotate({ id: asked.channel.id }));
          if (!done) return false;
          setSecret(done.rotateAlertChannelSecret);
          return true;
        }}
      >
        <Text size="sm">
          Messages are signed with both for a day, so that the receiver can be given the new one without
          missing any. After that the old one is worth nothing.
        </Text>
      </ConfirmDialog>
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </>
  );
}
