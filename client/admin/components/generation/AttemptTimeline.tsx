/** The calls that were made for a generation, in order. */
import { Group, Text, Timeline } from '@mantine/core';
import { Empty } from '../../../ui/Empty.tsx';
import { Code, Duration, Instant, Money } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { OutcomeState } from '../attempt/OutcomeState.tsx';

const AttemptTimeline_AttemptFragment = graphql(`
  fragment AttemptTimeline_AttemptFragment on Attempt {
    number
    provider
    model
    outcome
    durationMs
    startedAt
    error
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

interface AttemptTimelineProps {
  readonly attempts: readonly FragmentType<typeof AttemptTimeline_AttemptFragment>[];
}

export function AttemptTimeline(props: AttemptTimelineProps) {
  const attempts = readFragment(AttemptTimeline_AttemptFragment, props.attempts);
  if (attempts.length === 0)
    return <Empty title="No call is booked yet">Each call to a provider shows up here when it ends.</Empty>;
  return (
    <Timeline active={attempts.length} bulletSize={22} lineWidth={2}>
      {attempts.map((attempt) => (
        <Timeline.Item
          key={attempt.number}
          bullet={<Text size="xs">{attempt.number}</Text>}
          title={attempt.model}
        >
          <Group gap="xs" my={4}>
            <OutcomeState outcome={attempt.outcome} />
            <Text size="sm" c="dimmed">
              <Instant value={attempt.startedAt} style="second" />, took <Duration ms={attempt.durationMs} />
            </Text>
          </Group>
          <Text size="sm">
            Cost <Money value={attempt.cost} />, earned <Money value={attempt.revenue} />
          </Text>
          {attempt.error && (
            <Text size="sm" mt={4}>
              In the vendor's words: <Code>{attempt.error}</Code>
            </Text>
          )}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}
