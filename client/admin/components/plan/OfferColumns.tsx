/** What tables of plans and of packs that are sold have in common: the price, whether it leaves enough, and what can be done. */
import { Button, Group, VisuallyHidden } from '@mantine/core';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import type { Column } from '../../../ui/DataTable.tsx';
import { State } from '../../../ui/State.tsx';
import { type Amount, Count, Money } from '../../../ui/values.tsx';

/** What is done when a button of an offer is pressed. */
export interface Actions<Offer> {
  readonly onChange: (offer: Offer) => void;
  readonly onRetire: (offer: Offer) => void;
}

function OfferButtons<Offer>({
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

function Floor({ belowFloor }: { readonly belowFloor: boolean }) {
  return belowFloor ? <State tone="bad">Below</State> : <State tone="good">Above</State>;
}

/** What is shown of every offer. */
interface Offered {
  readonly price: Amount;
  readonly credits: number;
  readonly pricePerCredit: Amount;
  readonly belowFloor: boolean;
}

/** What is asked for, and for how many credits. */
export const priceColumns: readonly Column<Offered>[] = [
  { key: 'price', header: 'Price', align: 'end', render: ({ price }) => <Money value={price} /> },
  { key: 'credits', header: 'Credits', align: 'end', render: ({ credits }) => <Count value={credits} /> },
  {
    key: 'each',
    header: 'A credit',
    align: 'end',
    wide: true,
    render: ({ pricePerCredit }) => <Money value={pricePerCredit} />,
  },
];

/** Whether it leaves enough, and what can be done. */
export const lastColumns = <Offer extends Offered>(
  nameOf: (offer: Offer) => string,
  actions: Actions<Offer>,
): readonly Column<Offer>[] => [
  {
    key: 'floor',
    header: 'Floor',
    wide: true,
    render: ({ belowFloor }) => <Floor belowFloor={belowFloor} />,
  },
  {
    key: 'do',
    header: <VisuallyHidden>What can be done</VisuallyHidden>,
    acts: true,
    align: 'end',
    render: (offer) => <OfferButtons offer={offer} name={nameOf(offer)} {...actions} />,
  },
];
