/** Whether paid calls may go out, and the switch that stops them or lets them go on. */
import { Button, Group, List, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { State, type Tone } from '../../../ui/State.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Instant, Money, Ratio } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';

const EmergencySwitch_ProtectionFragment = graphql(`
  fragment EmergencySwitch_ProtectionFragment on Protection {
    state
    reason
    since
    changedByName
    resetsAt
    marginToday
    day {
      spent {
        amount
        currency
      }
      reserved {
        amount
        currency
      }
      limit {
        amount
        currency
      }
    }
  }
`);

const SuspendMutation = graphql(`
  mutation EmergencySwitch_SuspendMutation($reason: String!) {
    suspendService(reason: $reason) {
      ...EmergencySwitch_ProtectionFragment
    }
  }
`);

const ResumeMutation = graphql(`
  mutation EmergencySwitch_ResumeMutation($reason: String!) {
    resumeService(reason: $reason) {
      ...EmergencySwitch_ProtectionFragment
    }
  }
`);

const WORDS: Readonly<Record<string, readonly [Tone, string]>> = {
  NORMAL: ['good', 'Paid calls go out'],
  WARNING: ['warning', 'Paid calls go out, with a warning'],
  SHUTDOWN: ['bad', 'Paid calls are stopped'],
};

/** Who is nobody in particular. */
const ACTORS: Readonly<Record<string, string>> = { budget: 'a budget', system: 'the system' };

interface EmergencySwitchProps {
  readonly protection: FragmentType<typeof EmergencySwitch_ProtectionFragment>;
  /** Calls under way, where they are known. */
  readonly open: number | undefined;
}

export function EmergencySwitch({ open, ...props }: EmergencySwitchProps) {
  const protection = readFragment(EmergencySwitch_ProtectionFragment, props.protection);
  const [isAsking, dialog] = useDisclosure(false);
  // As it was when somebody was asked: what stops meanwhile, by a budget or another's hand, must not turn the answer round.
  const [resumes, setResumes] = useState(false);
  const [suspend] = useAction(SuspendMutation);
  const [resume] = useAction(ResumeMutation);
  const isStopped = protection.state === 'SHUTDOWN';
  const [tone, words] = WORDS[protection.state] ?? ['quiet', protection.state];
  const { day } = protection;
  const ask = () => {
    setResumes(isStopped);
    dialog.open();
  };

  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4}>
          <State tone={tone}>{words}</State>
          <Text size="sm" c="dimmed">
            Since <Instant value={protection.since} />, by{' '}
            {ACTORS[protection.changedByName] ?? protection.changedByName}
            {protection.reason && <>: “{protection.reason}”</>}.
            {protection.resetsAt && (
              <>
                {' '}
                Ends by itself <Instant value={protection.resetsAt} />.
              </>
            )}
          </Text>
        </Stack>
        {isStopped ? (
          <Button onClick={ask}>Let paid calls go on</Button>
        ) : (
          <DangerButton onClick={ask}>Stop all paid calls</DangerButton>
        )}
      </Group>
      {resumes ? (
        <ConfirmDialog
          key="resume"
          opened={isAsking}
          onClose={dialog.close}
          title="Let paid calls go on?"
          confirm="Let them go on"
          reason="The audit log keeps it."
          onConfirm={async (reason) => {
            const done = await resume({ reason });
            if (done) toastDone('Paid calls go out again.');
            return done !== null;
          }}
        >
          <List size="sm" spacing={4}>
            <List.Item>Customers can make things again at once.</List.Item>
            <List.Item>
              Today <Money value={day.spent} /> are spent of <Money value={day.limit} />. A budget that is
              used up stops paid calls again at the next one: raise it first.
            </List.Item>
          </List>
        </ConfirmDialog>
      ) : (
        <ConfirmDialog
          key="stop"
          opened={isAsking}
          onClose={dialog.close}
          title="Stop all paid calls?"
          confirm="Stop all paid calls"
          danger
          reason="Your customers' apps are told it, and the audit log keeps it."
          onConfirm={async (reason) => {
            const done = await suspend({ reason });
            if (done) toastDone('Paid calls are stopped.');
            return done !== null;
          }}
        >
          <List size="sm" spacing={4}>
            <List.Item>
              Every new paid call is refused with HTTP 503, for all customers, until you let them go on.
            </List.Item>
            <List.Item>
              {open === undefined
                ? 'Calls under way'
                : open === 1
                  ? 'The 1 call under way'
                  : `The ${open} calls under way`}{' '}
              will settle; at the most <Money value={day.reserved} /> more will be spent today.
            </List.Item>
            <List.Item>
              Today <Money value={day.spent} /> are spent so far, at a margin of{' '}
              <Ratio value={protection.marginToday} none="none yet" />.
            </List.Item>
          </List>
        </ConfirmDialog>
      )}
    </Stack>
  );
}
