/** What a ConfirmDialog is once it is opened. */
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ConfirmDialogProps } from './ConfirmDialog.tsx';

const STEP_MS = 100;
const STEPS = 30;

/** What is done may take the button away that had the focus: its table has it then, and not the page's beginning. */
function keepFocusAt(table: HTMLElement): void {
  let steps = 0;
  const timer = setInterval(() => {
    steps += 1;
    const isLost = document.activeElement === document.body;
    if (isLost && table.isConnected) table.focus({ preventScroll: true });
    if (isLost || steps === STEPS) clearInterval(timer);
  }, STEP_MS);
}

export function ConfirmDialogContent(props: ConfirmDialogProps) {
  const {
    opened,
    onClose,
    subject,
    title,
    children,
    confirm,
    danger = false,
    reason,
    note,
    onConfirm,
  } = props;
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [about, setAbout] = useState(subject);
  // What was typed for one thing is no reason for another.
  if (opened && about !== subject) {
    setAbout(subject);
    setText('');
  }
  const turn = useRef(0);
  useEffect(() => {
    if (!opened) return;
    turn.current += 1;
    // The table from whose row it was opened.
    const table = document.activeElement?.closest<HTMLElement>('section[tabindex]');
    return () => {
      turn.current += 1;
      if (table) keepFocusAt(table);
    };
  }, [opened]);
  const submit = async () => {
    const mine = turn.current;
    setBusy(true);
    try {
      // Closed meanwhile, it may be open for something else by now: that is neither done nor to be closed.
      if (!(await onConfirm(text.trim())) || turn.current !== mine) return;
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
