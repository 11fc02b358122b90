/** What can be done with a file that was sent: import it, or remove it. */
import { Button, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Count, Money } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';

const ImportActs_HistoryImportFragment = graphql(`
  fragment ImportActs_HistoryImportFragment on HistoryImport {
    id
    state
    fileName
    added
    rejected
    cost {
      amount
      currency
    }
  }
`);

const StartMutation = graphql(`
  mutation ImportActs_StartMutation($id: ID!) {
    startHistoryImport(id: $id) {
      id
      ...ImportActs_HistoryImportFragment
    }
  }
`);

const RemoveMutation = graphql(`
  mutation ImportActs_RemoveMutation($id: ID!) {
    removeHistoryImport(id: $id)
  }
`);

export function ImportActs(props: {
  readonly history: FragmentType<typeof ImportActs_HistoryImportFragment>;
}) {
  const { id, state, fileName, added, rejected, cost } = readFragment(
    ImportActs_HistoryImportFragment,
    props.history,
  );
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'start' | 'remove' | null>(null);
  const [start] = useAction(StartMutation);
  const [remove] = useAction(RemoveMutation);
  const close = () => setAsking(null);
  return (
    <>
      {state === 'CHECKED' && (
        <Button onClick={() => setAsking('start')} disabled={added === 0}>
          Import it
        </Button>
      )}
      {state !== 'IMPORTING' && <DangerButton onClick={() => setAsking('remove')}>Remove</DangerButton>}
      <ConfirmDialog
        opened={asking === 'start'}
        onClose={close}
        title={`Import “${fileName}”?`}
        confirm="Import"
        onConfirm={async () => (await start({ id })) !== null}
      >
        <Text size="sm">
          <Count value={added} /> calls will be in the books, with those that are there already at a cost of{' '}
          <Money value={cost} />. <Count value={rejected} /> rows are left out. What is booked stays: an
          import cannot be undone.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === 'remove'}
        onClose={close}
        title={`Remove “${fileName}”?`}
        confirm="Remove it"
        danger
        onConfirm={async () => {
          if (!(await remove({ id }))) return false;
          toastDone(`“${fileName}” is removed.`);
          await navigate({ to: '/import' });
          return true;
        }}
      >
        <Text size="sm">
          The file and its <Count value={rejected} /> rejected rows go. What it has booked stays.
        </Text>
      </ConfirmDialog>
    </>
  );
}
