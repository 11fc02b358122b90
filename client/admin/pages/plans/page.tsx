/** Plans, packs and the price list: what is sold, was sold and will be, and what it would leave. */
import { Button, Stack, Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { NEW_PACK, NEW_PLAN, type OfferDraft, OfferForm } from '../../components/plan/OfferForm.tsx';
import { PackTable } from '../../components/plan/PackTable.tsx';
import { PlanTable } from '../../components/plan/PlanTable.tsx';
import { PriceListPanel } from '../../components/plan/PriceListPanel.tsx';
import { VersionTable } from '../../components/plan/VersionTable.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { Simulator } from './simulator.tsx';

const PlansQuery = graphql(`
  query Plans_PageQuery {
    plans {
      id
      name
      interval
      ...PlanTable_PlanFragment
    }
    packs {
      id
      ...PackTable_PackFragment
    }
    planVersions {
      ...VersionTable_PlanVersionFragment
    }
    packVersions {
      ...VersionTable_PackVersionFragment
    }
    priceList {
      ...PriceListPanel_PriceListFragment
    }
    catalog {
      ...UsesEditor_CatalogModelFragment
    }
  }
`);

const SHOWS = ['offers', 'versions', 'simulator'] as const;

const route = getRouteApi('/shell/plans');

export function PlansPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { show = 'offers' } = search;
  const asked = usePageQuery(PlansQuery, {}, { alsoOf: ['Plan', 'Pack', 'PriceList'] });
  const [draft, setDraft] = useState<OfferDraft | null>(null);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const { data } = asked;
  return (
    <Page
      title="Plans"
      note="What is sold for money. Every change is a new dated version: whoever has subscribed keeps what they have."
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Tabs
        value={show}
        onChange={(value) => change({ show: SHOWS.find((each) => each === value) })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="offers">Sold now</Tabs.Tab>
          <Tabs.Tab value="versions">Versions</Tabs.Tab>
          <Tabs.Tab value="simulator">Simulator</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="offers" pt="md">
          <Stack gap="md">
            <Panel
              title="Plans"
              note="What they leave when the included uses are used; a name leads to the simulator"
              actions={
                <Button variant="default" size="xs" onClick={() => setDraft({ ...NEW_PLAN })}>
                  Make a plan
                </Button>
              }
              flush
            >
              <PlanTable plans={data?.plans} onChange={setDraft} />
            </Panel>
            <Panel
              title="Packs"
              note="What they leave when all credits go to what leaves the least, or the most"
              actions={
                <Button variant="default" size="xs" onClick={() => setDraft({ ...NEW_PACK })}>
                  Make a pack
                </Button>
              }
              flush
            >
              <PackTable packs={data?.packs} onChange={setDraft} />
            </Panel>
            <PriceListPanel list={data?.priceList} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="versions" pt="md">
          <Panel
            title="Versions"
            note="The newest first. Of two for one instant the one written later holds."
            flush
          >
            <VersionTable plans={data?.planVersions} packs={data?.packVersions} />
          </Panel>
        </Tabs.Panel>
        <Tabs.Panel value="simulator" pt="md">
          <Simulator
            scenario={search}
            onChange={change as Parameters<typeof Simulator>[0]['onChange']}
            plans={data?.plans ?? []}
            models={data?.catalog}
          />
        </Tabs.Panel>
      </Tabs>
      <OfferForm draft={draft} models={data?.catalog} onClose={() => setDraft(null)} />
    </Page>
  );
}
