/** Packs as they are sold now, with what they leave; each can be changed, archived and simulated. */
import { Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import type { PackTable_PackFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { TextLink } from '../../links.tsx';
import { MarginBadge } from './MarginBadge.tsx';
import { type Actions, lastColumns, priceColumns } from './OfferColumns.tsx';
import type { OfferDraft } from './OfferForm.tsx';
import { RetireDialog, STILL_SOLD } from './RetireDialog.tsx';

const PackTable_PackFragment = graphql(`
  fragment PackTable_PackFragment on Pack {
    id
    name
    credits
    belowFloor
    price {
      amount
      currency
    }
    pricePerCredit {
      amount
      currency
    }
    simulation {
      worst {
        model
        afterFees {
          margin
        }
      }
      best {
        model
        afterFees {
          margin
        }
      }
    }
  }
`);

const RetirePackMutation = graphql(`
  mutation PackTable_RetirePackMutation($input: RetirePackInput!) {
    retirePack(input: $input) {
      ... on Pack {
        id
      }
      ... on Error {
        message
      }
    }
  }
`);

type Pack = PackTable_PackFragmentFragment;

/** The margin when all credits go to one model. */
function Spent({ on }: { readonly on: Pack['simulation']['worst'] }) {
  return (
    on && (
      <Stack gap={0} align="flex-end">
        <MarginBadge value={on.afterFees.margin} none="none" />
        <Text size="xs" c="dimmed">
          {on.model}
        </Text>
      </Stack>
    )
  );
}

const packColumns = (actions: Actions<Pack>): readonly Column<Pack>[] => [
  {
    key: 'pack',
    header: 'Pack',
    isRowHeader: true,
    render: ({ name, price, credits }) => (
      <TextLink to="/plans" search={{ show: 'simulator', price: price.amount, credits: String(credits) }}>
        {name}
      </TextLink>
    ),
  },
  ...priceColumns,
  {
    key: 'worst',
    header: 'At the worst, after fees',
    align: 'end',
    wide: true,
    render: ({ simulation }) => <Spent on={simulation.worst} />,
  },
  {
    key: 'best',
    header: 'At the best',
    align: 'end',
    wide: true,
    render: ({ simulation }) => <Spent on={simulation.best} />,
  },
  ...lastColumns(({ name }) => name, actions),
];

interface PackTableProps {
  readonly packs: readonly FragmentType<typeof PackTable_PackFragment>[] | undefined;
  readonly onChange: (draft: OfferDraft) => void;
}

export function PackTable({ onChange, ...props }: PackTableProps) {
  const packs = readFragment(PackTable_PackFragment, props.packs);
  const [asked, setAsked] = useState<Pack | null>(null);
  const [retirePack] = useAction(RetirePackMutation);
  const change = ({ id, name, price, credits }: Pack) =>
    onChange({
      kind: 'pack',
      id,
      name,
      price: price.amount,
      credits,
      tier: 'PAYG',
      interval: 'MONTH',
      rollover: false,
      uses: [],
    });
  return (
    <>
      <DataTable
        label="Packs"
        columns={packColumns({ onChange: change, onRetire: setAsked })}
        rows={packs}
        keyOf={({ id }) => id}
        expected={5}
        empty={<Empty title="No pack is sold">Make one: credits that are bought once.</Empty>}
      />
      <RetireDialog
        offer={asked}
        name={asked?.name ?? ''}
        consequence="Nobody can buy it any more, by hand or by automatic top-up. Credits that were bought stay."
        onClose={() => setAsked(null)}
        retire={async ({ id }, when) =>
          isDone((await retirePack({ input: { pack: id, ...when } }))?.retirePack, 'Pack', STILL_SOLD)
        }
      />
    </>
  );
}
