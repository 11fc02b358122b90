/** The rules of alerts: when each is told, and what is set of it. */
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { RuleTable } from '../../components/alert/RuleTable.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { TextLink } from '../../links.tsx';

const RulesQuery = graphql(`
  query AlertRules_PageQuery {
    alertRules {
      ...RuleTable_AlertRuleFragment
    }
  }
`);

export function AlertRulesPage() {
  const asked = usePageQuery(RulesQuery, {}, { alsoOf: ['AlertRule'] });
  return (
    <Page
      title="Alert rules"
      note={
        <>
          When something is told of. Quiet hours, grouping and escalation belong to{' '}
          <TextLink to="/alert-channels" underline="always">
            the channel
          </TextLink>{' '}
          that tells it.
        </>
      }
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Panel title="One for each kind of alert" flush>
        <RuleTable rules={asked.data?.alertRules} />
      </Panel>
    </Page>
  );
}
