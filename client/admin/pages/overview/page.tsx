/** The overview: profit as it moves, what protects it, and the calls of this moment. */
import { SimpleGrid, Skeleton } from '@mantine/core';
import { AfterPaint } from '../../../ui/AfterPaint.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useAlertChanges } from '../../components/alert/AlertFeed.tsx';
import { AlertTable } from '../../components/alert/AlertTable.tsx';
import { LatestAttempts } from '../../components/attempt/LatestAttempts.tsx';
import { BudgetTable } from '../../components/budget/BudgetTable.tsx';
import { CostBars } from '../../components/profit/CostBars.tsx';
import { LiveFigures } from '../../components/profit/LiveFigures.tsx';
import { TopAccounts } from '../../components/profit/TopAccounts.tsx';
import { EmergencySwitch } from '../../components/protection/EmergencySwitch.tsx';
import { graphql } from '../../gql/index.ts';
import { useLive, usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink } from '../../links.tsx';

const OverviewQuery = graphql(`
  query Overview_PageQuery {
    protection {
      since
      ...EmergencySwitch_ProtectionFragment
    }
    budgets {
      ...BudgetTable_BudgetFragment
    }
    generations(first: 1) {
      edges {
        node {
          id
        }
      }
    }
    alerts(isOver: false, first: 5) {
      edges {
        node {
          id
          ...AlertTable_AlertFragment
        }
      }
    }
  }
`);

const HourSubscription = graphql(`
  subscription Overview_HourSubscription {
    liveProfit(window: HOUR) {
      ...LiveFigures_LiveProfitFragment
    }
  }
`);

const DaySubscription = graphql(`
  subscription Overview_DaySubscription {
    liveProfit(window: DAY) {
      reservationsOpen
      protection {
        since
        ...EmergencySwitch_ProtectionFragment
      }
      ...LiveFigures_LiveProfitFragment
      byProvider {
        ...CostBars_ProfitLineFragment
      }
      byOperation {
        ...CostBars_ProfitLineFragment
      }
      topAccounts {
        ...TopAccounts_ProfitLineFragment
      }
    }
  }
`);

/** Of what was asked and what was told the newer: over a connection that is lost nothing is told any more. */
const newerOf = <State extends { readonly since: string }>(asked: State, told: State | undefined): State =>
  told && Date.parse(told.since) >= Date.parse(asked.since) ? told : asked;

export function OverviewPage() {
  const asked = usePageQuery(
    OverviewQuery,
    {},
    { refreshSeconds: 10, alsoOf: ['Budget', 'Protection', 'Alert', 'Generation'] },
  );
  useAlertChanges(asked);
  const hour = useLive(HourSubscription, {});
  const day = useLive(DaySubscription, {});
  const today = day.data?.liveProfit;
  return (
    <Page title="Overview">
      {(hour.failure ?? day.failure) && (
        <FailureNote failure={hour.failure ?? day.failure ?? { title: '', message: '' }} />
      )}
      <Panel title="Today" note="Since midnight UTC">
        <LiveFigures label="Today" profit={today} />
      </Panel>
      <Panel title="This hour">
        <LiveFigures label="This hour" profit={hour.data?.liveProfit} />
      </Panel>
      <Panel title="Protection">
        <Loaded asked={asked} skeleton={<Skeleton height={52} />}>
          {({ protection }) => (
            <EmergencySwitch
              protection={newerOf(protection, today?.protection)}
              open={today?.reservationsOpen}
            />
          )}
        </Loaded>
      </Panel>
      <AfterPaint>
        <Panel
          title="Alerts"
          note="The latest that are not over"
          flush
          actions={
            <TextLink to="/alerts" size="sm">
              All alerts
            </TextLink>
          }
        >
          <AlertTable
            alerts={asked.data?.alerts.edges.map(({ node }) => node)}
            expected={1}
            empty={
              <Empty title="Nothing to look at">
                Alerts show up here as they open, and go when their cause is gone.
              </Empty>
            }
          />
        </Panel>
        <Panel
          title="Budgets"
          flush
          actions={
            <TextLink to="/budgets" size="sm">
              All budgets
            </TextLink>
          }
        >
          <BudgetTable budgets={asked.data?.budgets} />
        </Panel>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Panel title="Cost by provider" note="Today">
            <CostBars label="Cost by provider" lines={today?.byProvider} />
          </Panel>
          <Panel title="Cost by operation" note="Today">
            <CostBars label="Cost by operation" lines={today?.byOperation} />
          </Panel>
        </SimpleGrid>
        <Panel title="Users by cost" note="Today" flush>
          <TopAccounts lines={today?.topAccounts} />
        </Panel>
        <Panel title="Latest calls" note="As they are booked" flush>
          <LatestAttempts hasCalls={asked.data && asked.data.generations.edges.length > 0} />
        </Panel>
      </AfterPaint>
    </Page>
  );
}
