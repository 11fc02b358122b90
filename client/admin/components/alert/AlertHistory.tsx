/** All that became of one alert, each change with its number. */
import { Group, Text, Timeline } from '@mantine/core';
import { Panel } from '../../../ui/Panel.tsx';
import { State, ToneIcon } from '../../../ui/State.tsx';
import { Instant } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { CHANGES, SEVERITIES } from './words.ts';

const AlertHistory_AlertFragment = graphql(`
  fragment AlertHistory_AlertFragment on Alert {
    id
    changes {
      sequence
      change
      at
      byName
      reason
      alert {
        id
        severity
        title
      }
    }
  }
`);

export function AlertHistory(props: { readonly alert: FragmentType<typeof AlertHistory_AlertFragment> }) {
  const { changes } = readFragment(AlertHistory_AlertFragment, props.alert);
  return (
    <Panel title="History" note="Every change, by the number that all changes of alerts share">
      <Timeline bulletSize={22} lineWidth={2}>
        {changes.map(({ sequence, change, at, byName, reason, alert }) => (
          <Timeline.Item
            key={sequence}
            bullet={<ToneIcon tone={CHANGES[change][0]} size={14} />}
            title={`${CHANGES[change][1]}, number ${sequence}`}
          >
            <Group gap="xs" my={4}>
              <State tone={SEVERITIES[alert.severity][0]}>{SEVERITIES[alert.severity][1]}</State>
              <Text size="sm" c="dimmed">
                <Instant value={at} style="second" />, by {byName === 'system' ? 'Solvent itself' : byName}
              </Text>
            </Group>
            <Text size="sm">{alert.title}</Text>
            {reason && (
              <Text size="sm" mt={4} fs="italic">
                {reason}
              </Text>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
    </Panel>
  );
}
