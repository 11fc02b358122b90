/** Budgets: what providers may bill in an hour, a day or a month. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { type BudgetDraft, BudgetForm, NEW_BUDGET } from '../../components/budget/BudgetForm.tsx';
import { BudgetTable } from '../../components/budget/BudgetTable.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';

const BudgetsQuery = graphql(`
  query Budgets_PageQuery {
    budgets {
      ...BudgetTable_BudgetFragment
    }
    providers {
      name
    }
  }
`);

export function BudgetsPage() {
  const budgets = usePageQuery(BudgetsQuery, {}, { refreshSeconds: 10, alsoOf: ['Budget', 'Protection'] });
  const [draft, setDraft] = useState<BudgetDraft | null>(null);
  return (
    <Page
      title="Budgets"
      note="What is spent and reserved never passes the limit of a budget that blocks or shuts down, however many calls come at once."
      actions={<Button onClick={() => setDraft(NEW_BUDGET)}>Set a budget</Button>}
    >
      {budgets.failure && <FailureNote failure={budgets.failure} onRetry={budgets.refresh} />}
      <Panel title="Present windows" flush>
        <BudgetTable
          budgets={budgets.data?.budgets}
          onChange={({ scope, subject, period, limit, action, usage }) =>
            setDraft({
              scope,
              subject: subject ?? '',
              period,
              limit: limit.amount,
              action,
              spent: usage.spent.amount,
            })
          }
        />
      </Panel>
      <BudgetForm
        draft={draft}
        providers={budgets.data?.providers.map(({ name }) => name) ?? []}
        onClose={() => setDraft(null)}
      />
    </Page>
  );
}
