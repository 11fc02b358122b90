/** Asks before something that cannot be taken back or that customers will feel: with its consequence, in figures. */
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';

interface ConfirmDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What will be so afterwards, in figures where there are some. */
  readonly children: ReactNode;
  /** What the button says: a verb. */
  readonly confirm: string;
  readonly danger?: boolean;
  /** Asks for a reason, which the audit log keeps: what its field says below its label. */
  readonly reason?: string;
  /** Asks for a note that may be left out: what its field says below its label. */
  readonly note?: string;
  /** Does it. The dialog closes when it gives true. */
  readonly onConfirm: (reason: string) => Promise<boolean>;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { opened, onClose, title, children, confirm, danger = false, reason, note, onConfirm } = props;
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      if (!(await onConfirm(text.trim()))) return;
      setText('');
      onClose();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack>
          <div>{children}</div>
          {(reason ?? note) !== undefined && (
            <Textarea
              label={reason === undefined ? 'Note' : 'Reason'}
              description={reason ?? note}
              required={reason !== undefined}
              autosize
              minRows={2}
              maxLength={1_000}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              data-autofocus
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              color={danger ? 'red.9' : undefined}
              loading={isBusy}
              disabled={reason !== undefined && text.trim() === ''}
            >
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
