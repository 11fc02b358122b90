/** Asks before the sale of a plan or a pack ends, at once or from a day on. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { FromDay, instantOf } from '../range/FromDay.tsx';

/** In a toast, when it could not be done. */
export const STILL_SOLD = 'It is still sold';

export function RetireDialog<Offer extends { readonly id: string }>(props: {
  readonly offer: Offer | null;
  readonly name: string;
  readonly consequence: string;
  readonly onClose: () => void;
  /** Gives whether it is done; what kept it has been told. */
  readonly retire: (
    offer: Offer,
    change: { effectiveFrom: string | null; reason: string },
  ) => Promise<boolean>;
}) {
  const { offer, name, consequence, onClose, retire } = props;
  const { zone } = useManner();
  const [from, setFrom] = useState('');
  const [about, setAbout] = useState<string>();
  const subject = offer ? `${offer.id}, ${name}` : undefined;
  // A day that was chosen for one offer is none for another.
  if (subject !== undefined && about !== subject) {
    setAbout(subject);
    setFrom('');
  }
  return (
    <ConfirmDialog
      opened={offer !== null}
      onClose={onClose}
      subject={subject}
      title={`Archive “${name}”?`}
      confirm={from ? 'Schedule its end' : 'Sell it no more'}
      danger
      reason="The audit log keeps it."
      onConfirm={async (reason) => {
        if (!offer) return false;
        if (!(await retire(offer, { effectiveFrom: instantOf(from, zone), reason }))) return false;
        toastDone(from ? `“${name}” is sold until ${from}.` : `“${name}” is sold no more.`);
        // A day that was chosen for another meanwhile stays.
        setAbout((asked) => (asked === subject ? undefined : asked));
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
