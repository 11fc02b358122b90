/** What an operator does about an alert: says that they know of it, with a note, or ends it. */
import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Instant } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';

const AnswerAlert_AlertFragment = graphql(`
  fragment AnswerAlert_AlertFragment on Alert {
    id
    state
    severity
    endsAt
  }
`);

const AcknowledgeMutation = graphql(`
  mutation AnswerAlert_AcknowledgeMutation($id: ID!, $note: String) {
    acknowledgeAlert(id: $id, note: $note) {
      id
      ...AnswerAlert_AlertFragment
    }
  }
`);

const ResolveMutation = graphql(`
  mutation AnswerAlert_ResolveMutation($id: ID!, $reason: String) {
    resolveAlert(id: $id, reason: $reason) {
      id
      ...AnswerAlert_AlertFragment
    }
  }
`);

export function AnswerAlert(props: { readonly alert: FragmentType<typeof AnswerAlert_AlertFragment> }) {
  const { id, state, severity, endsAt } = readFragment(AnswerAlert_AlertFragment, props.alert);
  const [asking, setAsking] = useState<'acknowledge' | 'resolve' | null>(null);
  const [acknowledge] = useAction(AcknowledgeMutation);
  const [resolve] = useAction(ResolveMutation);
  const close = () => setAsking(null);
  return (
    <>
      {state === 'OPEN' && <Button onClick={() => setAsking('acknowledge')}>Acknowledge</Button>}
      {state !== 'RESOLVED' && (
        <DangerButton onClick={() => setAsking('resolve')}>End this alert</DangerButton>
      )}
      <ConfirmDialog
        opened={asking === 'acknowledge'}
        onClose={close}
        title="Acknowledge this alert?"
        confirm="Acknowledge"
        note="What is being done about it, for the others. It is kept in the history."
        onConfirm={async (note) => {
          const done = await acknowledge({ id, note: note || null });
          if (done) toastDone('The others see that you know of it.');
          return done !== null;
        }}
      >
        <Text size="sm">
          It is no longer escalated, and stays until its cause is gone. If it gets worse, it is open again.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === 'resolve'}
        onClose={close}
        title="End this alert?"
        confirm="End it"
        danger
        reason="Kept in the history of the alert."
        onConfirm={async (reason) => {
          const done = await resolve({ id, reason });
          if (done) toastDone('The alert is over.');
          return done !== null;
        }}
      >
        <Text size="sm">
          {endsAt ? (
            <>
              Until <Instant value={endsAt} /> nobody is told of this again
            </>
          ) : (
            'While its cause holds nobody is told of it again'
          )}
          {severity === 'CRITICAL' ? '.' : ', unless it gets worse.'} The cause itself is not mended by it.
        </Text>
      </ConfirmDialog>
    </>
  );
}
