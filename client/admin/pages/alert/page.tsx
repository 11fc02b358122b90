/** One alert, as it changes. */
import { Group, Skeleton } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Empty } from '../../../ui/Empty.tsx';
import { Page } from '../../../ui/Page.tsx';
import { State } from '../../../ui/State.tsx';
import { AlertFacts } from '../../components/alert/AlertFacts.tsx';
import { useAlertChanges } from '../../components/alert/AlertFeed.tsx';
import { AlertHistory } from '../../components/alert/AlertHistory.tsx';
import { AnswerAlert } from '../../components/alert/AnswerAlert.tsx';
import { SEVERITIES, STATES } from '../../components/alert/words.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink } from '../../links.tsx';

const AlertQuery = graphql(`
  query Alert_PageQuery($id: ID!) {
    node(id: $id) {
      id
      ... on Alert {
        severity
        state
        title
        ...AlertFacts_AlertFragment
        ...AlertHistory_AlertFragment
        ...AnswerAlert_AlertFragment
      }
    }
  }
`);

const route = getRouteApi('/shell/alerts/$alertId');

export function AlertPage() {
  const { alertId: id } = route.useParams();
  const asked = usePageQuery(AlertQuery, { id });
  useAlertChanges(asked);
  const alert = asked.data?.node?.__typename === 'Alert' ? asked.data.node : null;
  return (
    <Page
      title={alert?.title ?? 'Alert'}
      beside={
        alert && (
          <Group gap="xs">
            <State tone={SEVERITIES[alert.severity][0]}>{SEVERITIES[alert.severity][1]}</State>
            <State tone={STATES[alert.state][0]}>{STATES[alert.state][1]}</State>
          </Group>
        )
      }
      actions={alert && <AnswerAlert alert={alert} />}
    >
      <Loaded asked={asked} skeleton={<Skeleton height={420} />}>
        {() =>
          alert ? (
            <>
              <AlertFacts alert={alert} />
              <AlertHistory alert={alert} />
            </>
          ) : (
            <Empty title="There is no such alert" action={<TextLink to="/alerts">All alerts</TextLink>}>
              The id in the address belongs to none.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
