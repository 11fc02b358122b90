/** Shows the secret of a webhook, once. */
import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { CopyOnce } from '../../../ui/CopyOnce.tsx';

export function SecretDialog({
  secret,
  onClose,
}: {
  /** Null: the dialog is closed. */
  readonly secret: string | null;
  readonly onClose: () => void;
}) {
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title="Copy the secret now"
      // A secret that is shown once does not go away by a click beside it.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Alert variant="outline" color="yellow" styles={{ message: { color: 'var(--mantine-color-text)' } }}>
          It is shown this once. The receiver verifies messages by it, as Standard Webhooks has it.
        </Alert>
        {secret !== null && <CopyOnce value={secret} label="The secret of the webhook" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            I have it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
