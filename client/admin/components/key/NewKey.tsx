/** Makes an API key, and shows it once. */
import { Alert, Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { CopyOnce } from '../../../ui/CopyOnce.tsx';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';

const CreateMutation = graphql(`
  mutation NewKey_CreateMutation($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      ... on NewApiKey {
        key
        apiKey {
          id
        }
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

const SCOPES = [
  ['generate', 'Make things for accounts'],
  ['accounts:write', 'Make accounts, change them, issue their tokens'],
  ['credits:write', 'Give credits'],
  ['profit:read', 'See costs, revenue and margins'],
  ['protection:write', 'Set budgets, stop and resume paid calls'],
  ['admin', 'Everything, API keys too'],
] as const;

const EMPTY = { name: '', scopes: ['generate', 'accounts:write'] };

export function NewKey() {
  const [isOpen, dialog] = useDisclosure(false);
  const [made, setMade] = useState<string | null>(null);
  const [create, { isBusy }] = useAction(CreateMutation);
  const form = useForm({
    initialValues: EMPTY,
    validate: {
      name: (name) => (name.trim() ? null : 'Say what it is for.'),
      scopes: (scopes) => (scopes.length > 0 ? null : 'Choose what it may do.'),
    },
  });
  const open = () => {
    form.reset();
    setMade(null);
    dialog.open();
  };
  const submit = async ({ name, scopes }: typeof EMPTY) => {
    const done = await create({ input: { name: name.trim(), scopes } });
    if (!done) return;
    const outcome = done.createApiKey;
    if (outcome.__typename === 'NewApiKey') {
      setMade(outcome.key);
      // Also when it was closed meanwhile: nobody can be shown the key later.
      dialog.open();
    } else form.setErrors(fieldErrors(outcome.fields));
  };
  return (
    <>
      <Button onClick={open}>Make a key</Button>
      <Modal
        opened={isOpen}
        onClose={dialog.close}
        title={made ? 'Copy the key now' : 'Make an API key'}
        // A key that is shown once does not go away by a click beside it.
        closeOnClickOutside={made === null}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {made ? (
          <Stack>
            <Alert
              variant="outline"
              color="yellow"
              styles={{ message: { color: 'var(--mantine-color-text)' } }}
            >
              It is shown this once. Only its hash is kept, so that nobody can show it to you again.
            </Alert>
            <CopyOnce value={made} label="The new API key" />
            <Group justify="flex-end">
              <Button variant="default" onClick={dialog.close}>
                I have it
              </Button>
            </Group>
          </Stack>
        ) : (
          <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
            <Stack>
              <TextInput
                label="Name"
                description="What it is for, such as the app that will have it"
                required
                data-autofocus
                {...form.getInputProps('name')}
              />
              <Checkbox.Group label="What it may do" required {...form.getInputProps('scopes')}>
                <Stack gap={8} mt={6}>
                  {SCOPES.map(([scope, about]) => (
                    <Checkbox key={scope} value={scope} label={scope} description={about} />
                  ))}
                </Stack>
              </Checkbox.Group>
              <Group justify="flex-end" gap="xs">
                <Button variant="default" onClick={dialog.close}>
                  Cancel
                </Button>
                <Button type="submit" loading={isBusy}>
                  Make it
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
