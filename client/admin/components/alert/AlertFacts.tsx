/** What is to be known of one alert. */
import { Text } from '@mantine/core';
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Code, Instant } from '../../../ui/values.tsx';
import type { AlertKind } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { TextLink } from '../../links.tsx';
import { KINDS } from './words.ts';

const AlertFacts_AlertFragment = graphql(`
  fragment AlertFacts_AlertFragment on Alert {
    id
    kind
    detail
    subject
    openedAt
    endsAt
    acknowledgedAt
    acknowledgedByName
    resolvedAt
  }
`);

/** What it is about: a link or words where the rule has a key of its own for it. */
function About({ kind, subject }: { readonly kind: AlertKind; readonly subject: string | null | undefined }) {
  if (!subject) return 'the whole site';
  if (kind === 'BUDGET_WARNING') return <TextLink to="/budgets">a budget</TextLink>;
  if (kind === 'MARGIN_LOW') return `all calls of the ${subject.toLowerCase()}`;
  return <Code>{subject}</Code>;
}

export function AlertFacts(props: { readonly alert: FragmentType<typeof AlertFacts_AlertFragment> }) {
  const alert = readFragment(AlertFacts_AlertFragment, props.alert);
  return (
    <Panel title="What it is">
      <Text mb="md">{alert.detail}</Text>
      <Facts>
        <Fact label="Rule">
          <TextLink to="/alert-rules">{KINDS[alert.kind]}</TextLink>
        </Fact>
        <Fact label="About">
          <About kind={alert.kind} subject={alert.subject} />
        </Fact>
        <Fact label="Opened">
          <Instant value={alert.openedAt} style="second" />
        </Fact>
        <Fact label="Known">
          {alert.acknowledgedAt ? (
            <>
              <Instant value={alert.acknowledgedAt} style="second" />, by {alert.acknowledgedByName}
            </>
          ) : (
            'nobody has said so'
          )}
        </Fact>
        <Fact label={alert.resolvedAt ? 'Over since' : 'Over at the latest'}>
          <Instant value={alert.resolvedAt ?? alert.endsAt} style="second" none="when its cause is gone" />
        </Fact>
      </Facts>
    </Panel>
  );
}
