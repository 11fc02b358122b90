/** What can be done with a plan or a pack that is sold, and whether it leaves enough. */
import { Button, Group } from '@mantine/core';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { State } from '../../../ui/State.tsx';

/** What is done when a button of an offer is pressed. */
export interface Actions<Offer> {
  readonly onChange: (offer: Offer) => void;
  readonly onRetire: (offer: Offer) => void;
}

export function OfferButtons<Offer>({
  offer,
  name,
  onChange,
  onRetire,
}: Actions<Offer> & { readonly offer: Offer; readonly name: string }) {
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Button variant="default" size="xs" onClick={() => onChange(offer)} aria-label={`Change ${name}`}>
        Change
      </Button>
      <DangerButton size="xs" onClick={() => onRetire(offer)} aria-label={`Archive ${name}`}>
        Archive
      </DangerButton>
    </Group>
  );
}

export function Floor({ belowFloor }: { readonly belowFloor: boolean }) {
  return belowFloor ? <State tone="bad">Below</State> : <State tone="good">Above</State>;
}
