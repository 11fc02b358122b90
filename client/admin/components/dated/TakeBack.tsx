/** Takes back what is dated and still to come. */
import { Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import type { Column } from '../../../ui/DataTable.tsx';
import { Instant } from '../../../ui/values.tsx';
import type { DatedState } from '../../gql/graphql.ts';

/** What holds from an instant on. */
export interface Dated {
  readonly id: string;
  readonly state: DatedState;
  readonly effectiveFrom: string;
}

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

/** What holds from a row's instant on when it is taken back: of those of the same thing the newest that is no later. */
export function heldInstead<Row extends Dated>(
  rows: readonly Row[],
  taken: Row,
  isOfTheSame: (row: Row) => boolean,
): Row | undefined {
  const from = ({ effectiveFrom }: Row) => Date.parse(effectiveFrom);
  return rows
    .filter((row) => row.id !== taken.id && isOfTheSame(row) && from(row) <= from(taken))
    .sort((one, other) => from(other) - from(one))[0];
}

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
