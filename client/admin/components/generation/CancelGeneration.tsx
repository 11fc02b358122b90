/** Gives up a generation that is under way. */
import { Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Count } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { isUnderWay } from './GenerationState.tsx';

const CancelGeneration_GenerationFragment = graphql(`
  fragment CancelGeneration_GenerationFragment on Generation {
    id
    status
    creditsReserved
  }
`);

const CancelMutation = graphql(`
  mutation CancelGeneration_CancelMutation($id: ID!) {
    cancelGeneration(id: $id) {
      ... on Generation {
        id
        ...CancelGeneration_GenerationFragment
      }
      ... on NotFoundError {
        message
      }
    }
  }
`);

export function CancelGeneration(props: {
  readonly generation: FragmentType<typeof CancelGeneration_GenerationFragment>;
}) {
  const { id, status, creditsReserved } = readFragment(CancelGeneration_GenerationFragment, props.generation);
  const [isAsking, dialog] = useDisclosure(false);
  const [cancel] = useAction(CancelMutation);
  if (!isUnderWay(status)) return null;
  return (
    <>
      <DangerButton onClick={dialog.open}>Cancel it</DangerButton>
      <ConfirmDialog
        opened={isAsking}
        onClose={dialog.close}
        title="Cancel this generation?"
        confirm="Cancel it"
        danger
        onConfirm={async () => {
          const outcome = (await cancel({ id }))?.cancelGeneration;
          if (!isDone(outcome, 'Generation', 'Not canceled')) return false;
          toastDone('It is given up.');
          return true;
        }}
      >
        <Text size="sm">
          Its user gets <Count value={creditsReserved} /> credits back. What the provider has begun it may
          bill all the same; that is booked as a loss.
        </Text>
      </ConfirmDialog>
    </>
  );
}
