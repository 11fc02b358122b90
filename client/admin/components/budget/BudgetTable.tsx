/** Budgets with how full their present windows are. */
import { Button, VisuallyHidden } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Meter } from '../../../ui/Meter.tsx';
import { State, type Tone } from '../../../ui/State.tsx';
import { Instant } from '../../../ui/values.tsx';
import type { BudgetAction, BudgetTable_BudgetFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { UserLink } from '../../links.tsx';

const BudgetTable_BudgetFragment = graphql(`
  fragment BudgetTable_BudgetFragment on Budget {
    id
    scope
    subject
    subjectName
    period
    action
    limit {
      amount
      currency
    }
    usage {
      spent {
        amount
        currency
      }
      reserved {
        amount
        currency
      }
      limit {
        amount
        currency
      }
      resetsAt
    }
  }
`);

type Budget = BudgetTable_BudgetFragmentFragment;

const ACTIONS: Readonly<Record<BudgetAction, readonly [Tone, string]>> = {
  WARN: ['warning', 'Warns'],
  BLOCK: ['busy', 'Blocks'],
  SHUTDOWN: ['bad', 'Shuts down'],
};

/** Whose calls a budget counts: operations and tiers in words, providers and users by their names. */
const whoseCalls = (scope: Budget['scope'], name: string | null | undefined): string =>
  scope === 'GLOBAL' || !name
    ? 'All calls'
    : `${wordsOf(scope)} ${scope === 'OPERATION' || scope === 'TIER' ? wordsOf(name) : name}`;

/** Whose calls a budget counts, in words. */
export const nameOfBudget = ({
  scope,
  subjectName,
  period,
}: Pick<Budget, 'scope' | 'subjectName' | 'period'>): string =>
  `${whoseCalls(scope, subjectName)}, ${period.toLowerCase()}`;

function Whose({ scope, subject, subjectName, period }: Budget) {
  const each = `in each ${period.toLowerCase()}`;
  if (scope === 'ACCOUNT' && subject) {
    return (
      <>
        User <UserLink id={subject}>{subjectName}</UserLink> {each}
      </>
    );
  }
  return `${whoseCalls(scope, subjectName)} ${each}`;
}

function columnsOf(onChange: ((budget: Budget) => void) | undefined): readonly Column<Budget>[] {
  return [
    {
      key: 'scope',
      header: 'Whose calls',
      isRowHeader: true,
      render: (budget) => <Whose {...budget} />,
    },
    {
      key: 'action',
      header: 'At the limit',
      wide: true,
      render: ({ action }) => <State tone={ACTIONS[action][0]}>{ACTIONS[action][1]}</State>,
    },
    {
      key: 'usage',
      header: 'Present window',
      render: (budget) => (
        <Meter
          label={nameOfBudget(budget)}
          spent={budget.usage.spent}
          reserved={budget.usage.reserved}
          limit={budget.usage.limit}
        />
      ),
    },
    {
      key: 'resets',
      header: 'Begins anew',
      wide: true,
      render: ({ usage }) => <Instant value={usage.resetsAt} />,
    },
    ...(onChange
      ? [
          {
            key: 'change',
            header: <VisuallyHidden>Change</VisuallyHidden>,
            acts: true,
            align: 'end' as const,
            render: (budget: Budget) => (
              <Button
                variant="default"
                size="xs"
                onClick={() => onChange(budget)}
                aria-label={`Change: ${nameOfBudget(budget)}`}
              >
                Change
              </Button>
            ),
          },
        ]
      : []),
  ];
}

interface BudgetTableProps {
  readonly budgets: readonly FragmentType<typeof BudgetTable_BudgetFragment>[] | undefined;
  /** Puts a button into each row. */
  readonly onChange?: (budget: Budget) => void;
}

export function BudgetTable({ onChange, ...props }: BudgetTableProps) {
  const budgets = readFragment(BudgetTable_BudgetFragment, props.budgets);
  return (
    <DataTable
      label="Budgets"
      columns={columnsOf(onChange)}
      rows={budgets}
      keyOf={({ id }) => id}
      expected={2}
      empty={
        <Empty title="No budget is set">
          Nothing limits what providers may bill. Set a budget for each day that shuts down, and one for each
          hour that warns.
        </Empty>
      }
    />
  );
}
