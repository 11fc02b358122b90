/** Adds a channel, or changes one. */
import { Button, Group, Modal, MultiSelect, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { ZONES } from '../../../ui/preferences.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import type { AlertChannelKind, ChannelForm_AlertChannelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';
import { KIND_CHOICES, SEVERITY_CHOICES } from '../alert/words.ts';
import { type ChannelValues, inputOf, NEW_CHANNEL, valuesOf, whole } from './channel-values.ts';
import { SecretDialog } from './SecretDialog.tsx';
import { CHANNEL_KINDS } from './words.ts';

const ChannelForm_AlertChannelFragment = graphql(`
  fragment ChannelForm_AlertChannelFragment on AlertChannel {
    id
    kind
    name
    target
    enabled
    minimumSeverity
    kinds
    escalationsOnly
    tellsResolved
    groupSeconds
    quietFrom
    quietTo
    timeZone
    escalateAfterMinutes
    escalateTo {
      id
    }
  }
`);

const CreateMutation = graphql(`
  mutation ChannelForm_CreateMutation($kind: AlertChannelKind!, $input: AlertChannelInput!) {
    createAlertChannel(kind: $kind, input: $input) {
      ... on SavedAlertChannel {
        secret
        channel {
          id
          ...ChannelForm_AlertChannelFragment
        }
      }
      ... on InvalidInputError {
        message
        fields {
          path
          message
        }
      }
    }
  }
`);

const UpdateMutation = graphql(`
  mutation ChannelForm_UpdateMutation($id: ID!, $input: AlertChannelInput!) {
    updateAlertChannel(id: $id, input: $input) {
      ... on SavedAlertChannel {
        channel {
          id
          ...ChannelForm_AlertChannelFragment
        }
      }
      ... on InvalidInputError {
        message
        fields {
          path
          message
        }
      }
    }
  }
`);

const TARGETS: Readonly<Record<AlertChannelKind, readonly [label: string, about: string]>> = {
  WEBHOOK: ['URL', 'Gets a POST of JSON for each message, signed as Standard Webhooks has it'],
  SLACK: ['URL of the incoming webhook', 'Of Slack or Mattermost; of Discord with /slack at its end'],
  EMAIL: ['Addresses', 'With commas between them'],
};

const KIND_OPTIONS = (Object.keys(CHANNEL_KINDS) as AlertChannelKind[]).map((value) => ({
  value,
  label: CHANNEL_KINDS[value],
}));

type Channel = ChannelForm_AlertChannelFragmentFragment;

interface ChannelFormProps {
  /** `new` for a channel to be; null: the dialog is closed. */
  readonly draft: FragmentType<typeof ChannelForm_AlertChannelFragment> | 'new' | null;
  /** Whom it may escalate to. */
  readonly others: readonly { readonly id: string; readonly name: string }[];
  readonly onClose: () => void;
}

export function ChannelForm({ draft, others, onClose }: ChannelFormProps) {
  const channel = readFragment(ChannelForm_AlertChannelFragment, draft === 'new' ? null : draft);
  const [shown, setShown] = useState<Channel | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [create, { isBusy: isCreating }] = useAction(CreateMutation);
  const [update, { isBusy: isUpdating }] = useAction(UpdateMutation);
  const form = useForm<ChannelValues>({
    initialValues: NEW_CHANNEL,
    validate: {
      name: (name) => (name.trim() ? null : 'Say what it is for.'),
      groupSeconds: whole,
      escalateAfterMinutes: (text, { escalateToId }) => (text.trim() || escalateToId ? whole(text) : null),
      escalateToId: (id, { escalateAfterMinutes }) =>
        escalateAfterMinutes.trim() && !id ? 'Choose whom it goes to.' : null,
    },
  });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    // While it closes it still shows what it was.
    if (draft === null) return;
    setShown(channel ?? null);
    setValues(channel ? valuesOf(channel) : NEW_CHANNEL);
    clearErrors();
  }, [draft, channel, setValues, clearErrors]);

  const submit = async (values: ChannelValues) => {
    const input = inputOf(values);
    const outcome = shown
      ? (await update({ id: shown.id, input }))?.updateAlertChannel
      : (await create({ kind: values.kind, input }))?.createAlertChannel;
    if (!outcome) return;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(outcome.fields));
    }
    toastDone(shown ? 'The channel is changed.' : 'The channel is there. Send it a test.');
    setSecret('secret' in outcome && typeof outcome.secret === 'string' ? outcome.secret : null);
    onClose();
  };

  const [targetLabel, targetAbout] = TARGETS[form.values.kind];
  return (
    <>
      <Modal
        opened={draft !== null}
        onClose={onClose}
        title={shown ? `Change “${shown.name}”` : 'Add a channel'}
        closeButtonProps={{ 'aria-label': 'Close' }}
        size="lg"
      >
        <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
          <Stack>
            <Select
              label="How"
              data={KIND_OPTIONS}
              allowDeselect={false}
              disabled={shown !== null}
              {...form.getInputProps('kind')}
            />
            <TextInput
              label="Name"
              description="What it is for, such as the team that is told"
              required
              data-autofocus
              {...form.getInputProps('name')}
            />
            <TextInput
              label={targetLabel}
              description={shown ? `${targetAbout}. Left empty it stays as it is.` : targetAbout}
              placeholder={shown?.target}
              required={shown === null}
              {...form.getInputProps('target')}
            />
            <Group grow align="start">
              <Select
                label="Severity"
                data={[...SEVERITY_CHOICES]}
                allowDeselect={false}
                {...form.getInputProps('minimumSeverity')}
              />
              <TextInput
                label="Gather for so many seconds"
                description="What is critical goes at once"
                inputMode="numeric"
                {...form.getInputProps('groupSeconds')}
              />
            </Group>
            <MultiSelect
              label="Rules"
              description="None chosen: all of them"
              clearable
              clearButtonProps={{ 'aria-label': 'All rules' }}
              data={KIND_CHOICES}
              {...form.getInputProps('kinds')}
            />
            <Switch
              label="Also tell what is over"
              {...form.getInputProps('tellsResolved', { type: 'checkbox' })}
            />
            <Switch
              label="Nothing but what other channels escalate to it"
              {...form.getInputProps('escalationsOnly', { type: 'checkbox' })}
            />
            <Group grow align="start">
              <TextInput
                label="Quiet from"
                description="Only what is critical goes then"
                placeholder="22:00"
                {...form.getInputProps('quietFrom')}
              />
              <TextInput
                label="Quiet to"
                description="What was held back goes then"
                placeholder="07:00"
                {...form.getInputProps('quietTo')}
              />
              <Select
                label="Time zone"
                description="Of the quiet hours"
                searchable
                allowDeselect={false}
                data={[...new Set(['UTC', form.values.timeZone, ...ZONES])]}
                nothingFoundMessage="No zone by that name"
                {...form.getInputProps('timeZone')}
              />
            </Group>
            {others.length > 0 && (
              <Group grow align="start">
                <TextInput
                  label="Escalate after so many minutes"
                  description="When nobody has acknowledged it"
                  inputMode="numeric"
                  {...form.getInputProps('escalateAfterMinutes')}
                />
                <Select
                  label="Escalate to"
                  description="Another channel"
                  clearable
                  clearButtonProps={{ 'aria-label': 'Nobody' }}
                  data={others.map(({ id, name }) => ({ value: id, label: name }))}
                  {...form.getInputProps('escalateToId')}
                />
              </Group>
            )}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={isCreating || isUpdating}>
                {shown ? 'Change' : 'Add'}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </>
  );
}
