/** Alerts that are not over, the newest first, and the button that says one knows of it. */
import { Button, Text, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State, type Tone } from '../../../ui/State.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Ago } from '../../../ui/values.tsx';
import type { AlertSeverity, AlertTable_AlertFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction, useLive } from '../../graphql/hooks.ts';

const AlertTable_AlertFragment = graphql(`
  fragment AlertTable_AlertFragment on Alert {
    id
    severity
    state
    title
    detail
    openedAt
    acknowledgedBy
  }
`);

const ChangesSubscription = graphql(`
  subscription AlertTable_ChangesSubscription {
    alerts {
      id
      sequence
    }
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

const SEVERITIES: Readonly<Record<AlertSeverity, readonly [Tone, string]>> = {
  INFO: ['quiet', 'Info'],
  WARNING: ['warning', 'Warning'],
  CRITICAL: ['bad', 'Critical'],
};

function columnsOf(acknowledge: (alert: Alert) => void): readonly Column<Alert>[] {
  return [
    {
      key: 'severity',
      header: 'Severity',
      render: ({ severity }) => <State tone={SEVERITIES[severity][0]}>{SEVERITIES[severity][1]}</State>,
    },
    {
      key: 'title',
      header: 'What',
      isRowHeader: true,
      render: ({ title, detail }) => (
        <>
          {title}
          <Text size="sm" c="dimmed">
            {detail}
          </Text>
        </>
      ),
    },
    { key: 'since', header: 'Since', wide: true, render: ({ openedAt }) => <Ago value={openedAt} /> },
    {
      key: 'state',
      header: <VisuallyHidden>Acknowledge</VisuallyHidden>,
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
          <State tone="busy">Known</State>
        ),
    },
  ];
}

interface AlertTableProps {
  readonly alerts: readonly FragmentType<typeof AlertTable_AlertFragment>[] | undefined;
  /** Asks for them again: called when one has changed, here or elsewhere. */
  readonly onChange: () => void;
}

export function AlertTable({ onChange, ...props }: AlertTableProps) {
  const alerts = readFragment(AlertTable_AlertFragment, props.alerts);
  const sequence = useLive(ChangesSubscription, {}).data?.alerts.sequence;
  const [acknowledge] = useAction(AcknowledgeMutation);
  const told = useRef<number>(undefined);
  useEffect(() => {
    if (sequence === undefined || sequence === told.current) return;
    told.current = sequence;
    onChange();
  }, [sequence, onChange]);
  return (
    <DataTable
      label="Alerts"
      columns={columnsOf(({ id }) => {
        void acknowledge({ id }).then((done) => done && toastDone('The others see that you know of it.'));
      })}
      rows={alerts}
      keyOf={({ id }) => id}
      expected={1}
      empty={
        <Empty title="Nothing to look at">
          Alerts show up here as they open, and go when their cause is gone.
        </Empty>
      }
    />
  );
}
