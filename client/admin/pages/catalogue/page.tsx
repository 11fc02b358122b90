/** The catalogue: models, what they cost, what is asked for them. */
import { Group, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { choicesOf } from '../../../ui/format.ts';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { type ChangeDraft, ChangeForm } from '../../components/catalogue/ChangeForm.tsx';
import { ModelTable } from '../../components/catalogue/ModelTable.tsx';
import { OPERATIONS } from '../../enums.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { ModelPanel } from './model.tsx';

const CatalogueQuery = graphql(`
  query Catalogue_PageQuery($operation: Operation) {
    catalog(operation: $operation) {
      ...ModelTable_CatalogModelFragment
    }
  }
`);

const ONLY = [
  { value: 'served', label: 'Models that are served' },
  { value: 'below-floor', label: 'Prices below the floor' },
] as const;

const route = getRouteApi('/shell/catalogue');

export function CataloguePage() {
  const search = route.useSearch();
  const { operation, only, model } = search;
  const navigate = route.useNavigate();
  const asked = usePageQuery(CatalogueQuery, { operation }, { alsoOf: ['ModelChange', 'PriceList'] });
  const [draft, setDraft] = useState<ChangeDraft | null>(null);
  return (
    <Page
      title="Catalogue"
      note="Margin = (revenue − cost) / revenue, markup = (revenue − cost) / cost. A margin is for a credit that sells for the least that the price list allows; the second figure for the most."
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Group align="flex-end">
        <Select
          label="Operation"
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All operations' }}
          data={choicesOf(OPERATIONS)}
          value={operation ?? null}
          onChange={(value) =>
            void navigate({
              search: (before) => ({ ...before, operation: OPERATIONS.find((each) => each === value) }),
              replace: true,
            })
          }
        />
        <Select
          label="Only"
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All models and prices' }}
          data={[...ONLY]}
          value={only ?? null}
          onChange={(value) =>
            void navigate({
              search: (before) => ({ ...before, only: ONLY.find((each) => each.value === value)?.value }),
              replace: true,
            })
          }
        />
      </Group>
      {model && <ModelPanel id={model} closed={{ ...search, model: undefined }} />}
      <Panel title="Models and prices" note="A name leads to all its dated prices and costs" flush>
        <ModelTable models={asked.data?.catalog} only={only} onChange={setDraft} />
      </Panel>
      <ChangeForm draft={draft} onClose={() => setDraft(null)} />
    </Page>
  );
}
