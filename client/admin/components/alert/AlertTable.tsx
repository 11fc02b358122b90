/** Alerts, and the button that says one knows of one. */
import { Box, Button, Text, VisuallyHidden } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Ago } from '../../../ui/values.tsx';
import type { AlertTable_AlertFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { TextLink } from '../../links.tsx';
import { KINDS, SEVERITIES, STATES } from './words.ts';

const AlertTable_AlertFragment = graphql(`
  fragment AlertTable_AlertFragment on Alert {
    id
    sequence
    kind
    severity
    state
    title
    detail
    openedAt
  }
`);

const AcknowledgeMutation = graphql(`
  mutation AlertTable_AcknowledgeMutation($id: ID!) {
    acknowledgeAlert(id: $id) {
      id
      ...AlertTable_AlertFragment
    }
  }
`);

type Alert = AlertTable_AlertFragmentFragment;

const Severity = ({ severity }: Pick<Alert, 'severity'>) => (
  <State tone={SEVERITIES[severity][0]}>{SEVERITIES[severity][1]}</State>
);

function columnsOf(acknowledge: (alert: Alert) => void): readonly Column<Alert>[] {
  return [
    {
      key: 'severity',
      header: 'Severity',
      wide: true,
      render: ({ severity }) => <Severity severity={severity} />,
    },
    {
      key: 'title',
      header: 'What',
      isRowHeader: true,
      render: ({ id, title, detail, severity }) => (
        <>
          <Box hiddenFrom="sm" mb={4}>
            <Severity severity={severity} />
          </Box>
          <TextLink to="/alerts/$alertId" params={{ alertId: id }}>
            {title}
          </TextLink>
          <Text size="sm" c="dimmed">
            {detail}
          </Text>
        </>
      ),
    },
    { key: 'kind', header: 'Rule', wide: true, render: ({ kind }) => KINDS[kind] },
    { key: 'since', header: 'Since', wide: true, render: ({ openedAt }) => <Ago value={openedAt} /> },
    {
      key: 'state',
      header: <VisuallyHidden>State</VisuallyHidden>,
      acts: true,
      align: 'end',
      render: (alert) =>
        alert.state === 'OPEN' ? (
          <Button
            size="xs"
            variant="default"
            onClick={() => acknowledge(alert)}
            aria-label={`Acknowledge: ${alert.title}`}
          >
            Acknowledge
          </Button>
        ) : (
          <State tone={STATES[alert.state][0]}>{STATES[alert.state][1]}</State>
        ),
    },
  ];
}

interface AlertTableProps {
  readonly alerts: readonly FragmentType<typeof AlertTable_AlertFragment>[] | undefined;
  readonly more?: { readonly isLoading: boolean; readonly load: () => void } | undefined;
  readonly expected?: number;
  readonly empty: ReactNode;
}

/** An alert as it stands under a number: one that has changed since is not the one that was acknowledged. */
const versionOf = ({ id, sequence }: Alert) => `${id} ${sequence}`;

export function AlertTable({ more, expected, empty, ...props }: AlertTableProps) {
  const alerts = readFragment(AlertTable_AlertFragment, props.alerts);
  const [acknowledge] = useAction(AcknowledgeMutation);
  // Shown as known before the server has said so: nothing depends on it, and it is taken back when that fails.
  const [expectedKnown, setExpectedKnown] = useState<ReadonlySet<string>>(new Set());
  const onAcknowledge = (alert: Alert) => {
    setExpectedKnown((known) => new Set(known).add(versionOf(alert)));
    void acknowledge({ id: alert.id }).then((done) => {
      if (done) return toastDone('The others see that you know of it.');
      setExpectedKnown((known) => new Set([...known].filter((version) => version !== versionOf(alert))));
    });
  };
  return (
    <DataTable
      label="Alerts"
      columns={columnsOf(onAcknowledge)}
      rows={alerts?.map((alert) =>
        alert.state === 'OPEN' && expectedKnown.has(versionOf(alert))
          ? { ...alert, state: 'ACKNOWLEDGED' as const }
          : alert,
      )}
      keyOf={({ id }) => id}
      more={more}
      expected={expected}
      empty={empty}
    />
  );
}
