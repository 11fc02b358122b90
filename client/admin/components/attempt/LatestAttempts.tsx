/** The latest calls to providers, as they are booked. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Duration, Instant, Money } from '../../../ui/values.tsx';
import type { LatestAttempts_AttemptFragmentFragment } from '../../gql/graphql.ts';
import { graphql, readFragment } from '../../gql/index.ts';
import { useFeed } from '../../graphql/hooks.ts';
import { GenerationLink } from '../../links.tsx';
import { OutcomeState } from './OutcomeState.tsx';

const LatestAttempts_AttemptFragment = graphql(`
  fragment LatestAttempts_AttemptFragment on Attempt {
    generationId
    number
    bookedAt
    model
    operation
    outcome
    durationMs
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

const LatestAttemptsSubscription = graphql(`
  subscription LatestAttempts_AttemptsSubscription {
    attempts {
      generationId
      number
      ...LatestAttempts_AttemptFragment
    }
  }
`);

type Attempt = LatestAttempts_AttemptFragmentFragment;

/** How many are kept: the page's memory stays as it is, however long it is open. */
const KEPT = 12;

const COLUMNS: readonly Column<Attempt>[] = [
  {
    key: 'at',
    header: 'When',
    wide: true,
    render: ({ bookedAt }) => <Instant value={bookedAt} style="time" />,
  },
  {
    key: 'model',
    header: 'Model',
    isRowHeader: true,
    render: ({ model, generationId }) => <GenerationLink id={generationId}>{model}</GenerationLink>,
  },
  { key: 'operation', header: 'Operation', wide: true, render: ({ operation }) => wordsOf(operation) },
  { key: 'outcome', header: 'Outcome', render: ({ outcome }) => <OutcomeState outcome={outcome} /> },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    wide: true,
    render: ({ durationMs }) => <Duration ms={durationMs} />,
  },
  { key: 'cost', header: 'Cost', align: 'end', render: ({ cost }) => <Money value={cost} /> },
  {
    key: 'revenue',
    header: 'Revenue',
    align: 'end',
    wide: true,
    render: ({ revenue }) => <Money value={revenue} />,
  },
];

interface LatestAttemptsProps {
  /** Whether anything was ever asked for: a feed says nothing while there is nothing to say. Undefined: not known yet. */
  readonly hasCalls: boolean | undefined;
}

export function LatestAttempts({ hasCalls }: LatestAttemptsProps) {
  const { data, failure } = useFeed(
    LatestAttemptsSubscription,
    {},
    ({ attempts }) => ({
      key: `${attempts.generationId} ${attempts.number}`,
      item: readFragment(LatestAttempts_AttemptFragment, attempts),
    }),
    KEPT,
  );
  if (failure) return <FailureNote failure={failure} />;
  return (
    <DataTable
      label="Latest calls"
      columns={COLUMNS}
      rows={data?.map(({ item }) => item) ?? (hasCalls === false ? [] : undefined)}
      keyOf={({ generationId, number }) => `${generationId} ${number}`}
      expected={KEPT}
      empty={<Empty title="No calls yet">Each call to a provider shows up here as it is booked.</Empty>}
    />
  );
}
