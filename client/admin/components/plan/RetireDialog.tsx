/** Asks before the sale of a plan or a pack ends, at once or from a day on. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { FromDay, instantOf } from '../range/FromDay.tsx';

export function RetireDialog<Offer>(props: {
  readonly offer: Offer | null;
  readonly name: string;
  readonly consequence: string;
  readonly onClose: () => void;
  readonly retire: (
    offer: Offer,
    change: { effectiveFrom: string | null; reason: string },
  ) => Promise<string | null>;
}) {
  const { offer, name, consequence, onClose, retire } = props;
  const { zone } = useManner();
  const [from, setFrom] = useState('');
  return (
    <ConfirmDialog
      opened={offer !== null}
      onClose={onClose}
      title={`Archive “${name}”?`}
      confirm={from ? 'Schedule its end' : 'Sell it no more'}
      danger
      reason="The audit log keeps it."
      onConfirm={async (reason) => {
        if (!offer) return false;
        const problem = await retire(offer, { effectiveFrom: instantOf(from, zone), reason });
        if (problem === '') return false;
        if (problem !== null) {
          toastFailure({ title: 'It is still sold', message: problem });
          return false;
        }
        toastDone(from ? `“${name}” is sold until ${from}.` : `“${name}” is sold no more.`);
        setFrom('');
        return true;
      }}
    >
      <Text size="sm" mb="sm">
        {consequence}
      </Text>
      <FromDay value={from} onChange={setFrom} />
    </ConfirmDialog>
  );
}

/** What kept it from being done: null: nothing; empty: it has been told. */
export const problemOf = (
  outcome: { readonly __typename: string; readonly message?: string } | undefined,
  done: string,
) =>
  outcome === undefined
    ? ''
    : outcome.__typename === done
      ? null
      : (outcome.message ?? 'No reason was given.');
