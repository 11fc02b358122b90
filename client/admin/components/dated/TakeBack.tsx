/** Takes back what is dated and still to come. */
import { Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import type { Column } from '../../../ui/DataTable.tsx';
import { Instant } from '../../../ui/values.tsx';
import type { Dated } from './held.ts';

/** In a toast, when it could not be taken back. */
export const STANDS = 'It stands';

/** The last column of a table of what is dated: a button for what is to come. @param nameOf what the button takes back. */
export const takeBackColumn = <Row extends Dated>(
  nameOf: (row: Row) => string,
  onAsk: (row: Row) => void,
): Column<Row> => ({
  key: 'do',
  header: <VisuallyHidden>Take back</VisuallyHidden>,
  acts: true,
  align: 'end',
  render: (row) =>
    row.state === 'SCHEDULED' && (
      <DangerButton size="xs" onClick={() => onAsk(row)} aria-label={`Take back ${nameOf(row)}`}>
        Take back
      </DangerButton>
    ),
});

interface TakeBackDialogProps {
  /** Undefined while nobody has asked. */
  readonly taken: Dated | undefined;
  readonly title: string;
  /** How it is from then on, after “From … on” and before “, as before.”. */
  readonly children: ReactNode;
  readonly onClose: () => void;
  /** Gives whether it is done; what kept it has been told. */
  readonly onConfirm: (reason: string) => Promise<boolean>;
}

export function TakeBackDialog({ taken, title, children, onClose, onConfirm }: TakeBackDialogProps) {
  return (
    <ConfirmDialog
      opened={taken !== undefined}
      onClose={onClose}
      subject={taken?.id}
      title={title}
      confirm="Take it back"
      danger
      reason="The audit log keeps it."
      onConfirm={onConfirm}
    >
      <Text size="sm">
        From <Instant value={taken?.effectiveFrom} /> on {children}, as before.
      </Text>
    </ConfirmDialog>
  );
}
