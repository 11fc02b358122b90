/** Generations: what was asked for, and what it came to. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Instant, Money, Ratio } from '../../../ui/values.tsx';
import type { GenerationTable_GenerationFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { GenerationLink, UserLink } from '../../links.tsx';
import { GenerationState } from './GenerationState.tsx';

const GenerationTable_GenerationFragment = graphql(`
  fragment GenerationTable_GenerationFragment on Generation {
    id
    operation
    status
    model
    cached
    creditsCharged
    margin
    createdAt
    account {
      id
      externalId
    }
    cost {
      amount
      currency
    }
    revenue {
      amount
      currency
    }
  }
`);

type Generation = GenerationTable_GenerationFragmentFragment;

const USER: Column<Generation> = {
  key: 'user',
  header: 'User',
  wide: true,
  render: ({ account }) => <UserLink id={account.id}>{account.externalId}</UserLink>,
};

const COLUMNS: readonly Column<Generation>[] = [
  {
    key: 'at',
    header: 'When',
    wide: true,
    render: ({ createdAt }) => <Instant value={createdAt} style="second" />,
  },
  {
    key: 'what',
    header: 'What',
    isRowHeader: true,
    render: ({ id, operation, model }) => (
      <>
        <GenerationLink id={id}>{wordsOf(operation)}</GenerationLink>
        <Text size="xs" c="dimmed">
          {model ?? 'no model yet'}
        </Text>
      </>
    ),
  },
  {
    key: 'status',
    header: 'Status',
    render: ({ status, cached }) => <GenerationState status={status} cached={cached} />,
  },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ creditsCharged }) => <Count value={creditsCharged} />,
  },
  { key: 'cost', header: 'Cost', align: 'end', render: ({ cost }) => <Money value={cost} /> },
  {
    key: 'revenue',
    header: 'Revenue',
    align: 'end',
    wide: true,
    render: ({ revenue }) => <Money value={revenue} />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    wide: true,
    render: ({ margin }) => (
      <State tone={toneOfMargin(margin)}>
        <Ratio value={margin} none="nothing earned" />
      </State>
    ),
  },
];

interface GenerationTableProps {
  readonly generations: Rows<FragmentType<typeof GenerationTable_GenerationFragment>>;
  readonly empty: ReactNode;
  /** Leaves out whose they are, where all are of one user. */
  readonly ofOneUser?: boolean;
}

export function GenerationTable({ generations, empty, ofOneUser = false }: GenerationTableProps) {
  const [at, what, ...rest] = COLUMNS;
  return (
    <DataTable
      label="Generations"
      columns={ofOneUser || !at || !what ? COLUMNS : [at, what, USER, ...rest]}
      rows={readFragment(GenerationTable_GenerationFragment, generations.data)}
      keyOf={({ id }) => id}
      more={generations.more}
      empty={empty}
    />
  );
}
