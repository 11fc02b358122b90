/** Bars a user from paid calls, or lifts that. */
import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Count } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';

const BarAccount_AccountFragment = graphql(`
  fragment BarAccount_AccountFragment on Account {
    id
    externalId
    barredReason
    balance {
      available
      reserved
    }
  }
`);

const BarMutation = graphql(`
  mutation BarAccount_BarMutation($accountId: ID!, $barred: Boolean!, $reason: String!) {
    setAccountBarred(accountId: $accountId, barred: $barred, reason: $reason) {
      id
      barredReason
    }
  }
`);

export function BarAccount(props: { readonly account: FragmentType<typeof BarAccount_AccountFragment> }) {
  const { id, externalId, barredReason, balance } = readFragment(BarAccount_AccountFragment, props.account);
  const [isOpen, dialog] = useDisclosure(false);
  const [setBarred] = useAction(BarMutation);
  const isBarred = barredReason !== null && barredReason !== undefined;
  // As it was when somebody was asked: what another has done meanwhile must not turn the answer round.
  const [lifts, setLifts] = useState(false);
  const ask = () => {
    setLifts(isBarred);
    dialog.open();
  };
  return (
    <>
      {isBarred ? (
        <Button variant="default" onClick={ask}>
          Lift the bar
        </Button>
      ) : (
        <DangerButton onClick={ask}>Bar</DangerButton>
      )}
      <ConfirmDialog
        opened={isOpen}
        onClose={dialog.close}
        title={lifts ? `Let ${externalId} make paid calls again?` : `Bar ${externalId} from paid calls?`}
        confirm={lifts ? 'Lift the bar' : 'Bar'}
        danger={!lifts}
        reason={
          lifts
            ? 'The audit log keeps it.'
            : 'The user is told it with each refusal, and the audit log keeps it.'
        }
        onConfirm={async (reason) => {
          const done = await setBarred({ accountId: id, barred: !lifts, reason });
          if (done)
            toastDone(lifts ? `${externalId} may make paid calls again.` : `${externalId} is barred.`);
          return Boolean(done);
        }}
      >
        <Text size="sm">
          {lifts ? (
            <>
              It was barred since: {barredReason} The <Count value={balance.available} /> credits can be used
              again at once. A dispute that opens later bars it again.
            </>
          ) : (
            <>
              New paid calls are refused at once, and the <Count value={balance.available} /> credits stay but
              cannot be used. Calls under way, with <Count value={balance.reserved} /> credits set aside,
              still settle. No subscription ends by it.
            </>
          )}
        </Text>
      </ConfirmDialog>
    </>
  );
}
