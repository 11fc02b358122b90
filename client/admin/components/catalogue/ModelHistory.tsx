/** A model's dated prices and costs: to come, in force, past. One that is to come can be taken back. */
import { Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { Count, Instant, Money } from '../../../ui/values.tsx';
import type { DatedState, ModelHistory_CatalogModelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { DatedStateBadge } from '../dated/DatedStateBadge.tsx';
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

interface Row extends Dimensions {
  readonly id: string;
  readonly state: DatedState;
  readonly unit: string;
  readonly effectiveFrom: string;
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

const last = <Of extends Row>(what: Asked['what'], onCancel: (asked: Asked) => void): Column<Of> => ({
  key: 'do',
  header: <VisuallyHidden>Take back</VisuallyHidden>,
  acts: true,
  align: 'end',
  render: (row) =>
    row.state === 'SCHEDULED' && (
      <DangerButton
        size="xs"
        onClick={() => onCancel({ row, what })}
        aria-label={`Take back the ${what} for ${variantOf(row)}`}
      >
        Take back
      </DangerButton>
    ),
});

interface ModelHistoryProps {
  readonly model: FragmentType<typeof ModelHistory_CatalogModelFragment>;
}

export function ModelHistory(props: ModelHistoryProps) {
  const { model, priceHistory, costHistory } = readFragment(ModelHistory_CatalogModelFragment, props.model);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [cancel] = useAction(CancelMutation);
  const what = asked?.what ?? 'price';
  const holds = (what === 'price' ? priceHistory : costHistory).find(
    (row) => asked && row.state === 'IN_FORCE' && variantOf(row) === variantOf(asked.row),
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
          last<DatedPrice>('price', setAsked),
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
          last<DatedCost>('cost', setAsked),
        ]}
        rows={costHistory}
        keyOf={({ id }) => id}
        empty={<Empty title="No cost">Without a dated cost nothing is sold: set one.</Empty>}
      />
      <ConfirmDialog
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={`Take the ${what} of ${model} back?`}
        confirm="Take it back"
        danger
        reason="The audit log keeps it."
        onConfirm={async (reason) => {
          const done = asked && (await cancel({ input: { id: asked.row.id, reason } }));
          if (!done) return false;
          const outcome = done.cancelModelChange;
          if (outcome.__typename !== 'ModelChange') {
            toastFailure({ title: 'It stands', message: outcome.message });
            return false;
          }
          toastDone(`The ${what} of ${model} will not change.`);
          return true;
        }}
      >
        <Text size="sm">
          From <Instant value={asked?.row.effectiveFrom} /> on nothing changes
          {holds && (
            <>
              : what holds now stays,{' '}
              {'credits' in holds ? <Count value={holds.credits} /> : <Money value={holds.cost} />}
              {'credits' in holds && ' credits'}
            </>
          )}
          .
        </Text>
      </ConfirmDialog>
    </>
  );
}
