/** A model's dated prices and costs: to come, in force, past. One that is to come can be taken back. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Count, Instant, Money } from '../../../ui/values.tsx';
import type { ModelHistory_CatalogModelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { DatedStateBadge } from '../dated/DatedStateBadge.tsx';
import { type Dated, heldInstead } from '../dated/held.ts';
import { STANDS, TakeBackDialog, takeBackColumn } from '../dated/TakeBack.tsx';
import { type Dimensions, variantOf } from './variant.ts';

const ModelHistory_CatalogModelFragment = graphql(`
  fragment ModelHistory_CatalogModelFragment on CatalogModel {
    id
    model
    priceHistory {
      id
      state
      size
      quality
      durationSeconds
      unit
      credits
      effectiveFrom
    }
    costHistory {
      id
      state
      size
      quality
      durationSeconds
      unit
      source
      effectiveFrom
      cost {
        amount
        currency
      }
    }
  }
`);

const CancelMutation = graphql(`
  mutation ModelHistory_CancelMutation($input: CancelModelChangeInput!) {
    cancelModelChange(input: $input) {
      ... on ModelChange {
        model {
          id
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

type Model = ModelHistory_CatalogModelFragmentFragment;
type DatedPrice = Model['priceHistory'][number];
type DatedCost = Model['costHistory'][number];

interface Row extends Dated, Dimensions {
  readonly unit: string;
}

/** A row that somebody wants to take back. */
interface Asked {
  readonly row: Row;
  readonly what: 'price' | 'cost';
}

const first = <Of extends Row>(): readonly Column<Of>[] => [
  {
    key: 'from',
    header: 'From',
    wide: true,
    render: ({ effectiveFrom }) => <Instant value={effectiveFrom} />,
  },
  {
    key: 'for',
    header: 'For',
    isRowHeader: true,
    render: (row) => (
      <>
        {variantOf(row)}
        <PhoneLine>
          <Instant value={row.effectiveFrom} />
        </PhoneLine>
      </>
    ),
  },
  { key: 'state', header: 'State', render: ({ state }) => <DatedStateBadge state={state} /> },
];

const takeBack = <Of extends Row>(what: Asked['what'], onAsk: (asked: Asked) => void): Column<Of> =>
  takeBackColumn(
    (row) => `the ${what} for ${variantOf(row)}`,
    (row) => onAsk({ row, what }),
  );

interface ModelHistoryProps {
  readonly model: FragmentType<typeof ModelHistory_CatalogModelFragment>;
}

export function ModelHistory(props: ModelHistoryProps) {
  const { model, priceHistory, costHistory } = readFragment(ModelHistory_CatalogModelFragment, props.model);
  const [asked, setAsked] = useState<Asked>();
  const [cancel] = useAction(CancelMutation);
  const what = asked?.what ?? 'price';
  const held =
    asked &&
    heldInstead<DatedPrice | DatedCost>(
      what === 'price' ? priceHistory : costHistory,
      asked.row as DatedPrice | DatedCost,
      (row) => variantOf(row) === variantOf(asked.row),
    );
  return (
    <>
      <DataTable<DatedPrice>
        label={`Prices of ${model}`}
        columns={[
          ...first<DatedPrice>(),
          {
            key: 'credits',
            header: 'Credits',
            align: 'end',
            render: ({ credits }) => <Count value={credits} />,
          },
          takeBack<DatedPrice>('price', setAsked),
        ]}
        rows={priceHistory}
        keyOf={({ id }) => id}
        empty={<Empty title="No price">The active list asks nothing for it, so that it is not sold.</Empty>}
      />
      <DataTable<DatedCost>
        label={`Costs of ${model}`}
        columns={[
          ...first<DatedCost>(),
          { key: 'cost', header: 'Cost', align: 'end', render: ({ cost }) => <Money value={cost} /> },
          {
            key: 'source',
            header: 'Source',
            wide: true,
            render: ({ source }) => <Text size="xs">{source}</Text>,
          },
          takeBack<DatedCost>('cost', setAsked),
        ]}
        rows={costHistory}
        keyOf={({ id }) => id}
        empty={<Empty title="No cost">Without a dated cost nothing is sold: set one.</Empty>}
      />
      <TakeBackDialog
        taken={asked?.row}
        title={`Take the ${what} of ${model} back?`}
        onClose={() => setAsked(undefined)}
        onConfirm={async (reason) => {
          const outcome = asked && (await cancel({ input: { id: asked.row.id, reason } }))?.cancelModelChange;
          if (!isDone(outcome, 'ModelChange', STANDS)) return false;
          toastDone(`The ${what} of ${model} will not change.`);
          return true;
        }}
      >
        {held ? (
          <>
            it is {'credits' in held ? <Count value={held.credits} /> : <Money value={held.cost} />}
            {'credits' in held && ' credits'}
          </>
        ) : (
          `there is no ${what} for ${asked ? variantOf(asked.row) : ''}`
        )}
      </TakeBackDialog>
    </>
  );
}
