/** The plan that a user subscribes to: another one, or its end. */
import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { Count, Instant, Money } from '../../../ui/values.tsx';
import type { CancelWhen } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';

const SubscriptionPanel_AccountFragment = graphql(`
  fragment SubscriptionPanel_AccountFragment on Account {
    id
    externalId
    subscription {
      id
      plan
      planName
      interval
      status
      startedAt
      currentPeriodEnd
      cancelAtPeriodEnd
      endedAt
      price {
        amount
        currency
      }
    }
  }
`);

const SubscriptionPanel_PlanFragment = graphql(`
  fragment SubscriptionPanel_PlanFragment on Plan {
    id
    name
    interval
    credits
    price {
      amount
      currency
    }
  }
`);

const CancelMutation = graphql(`
  mutation SubscriptionPanel_CancelMutation($input: CancelSubscriptionInput!) {
    cancelSubscription(input: $input) {
      ... on AccountSubscription {
        id
        cancelAtPeriodEnd
        endedAt
      }
      ... on Error {
        message
      }
    }
  }
`);

const ChangePlanMutation = graphql(`
  mutation SubscriptionPanel_ChangePlanMutation($input: ChangePlanInput!) {
    changePlan(input: $input) {
      ... on AccountSubscription {
        id
        plan
      }
      ... on Error {
        message
      }
    }
  }
`);

interface SubscriptionPanelProps {
  readonly account: FragmentType<typeof SubscriptionPanel_AccountFragment>;
  readonly plans: readonly FragmentType<typeof SubscriptionPanel_PlanFragment>[];
}

/** What is asked before it is done. */
type Asked = CancelWhen | 'CHANGE';

const WORDS: Readonly<Record<CancelWhen, { title: string; confirm: string; done: string }>> = {
  PERIOD_END: {
    title: 'End it with its period?',
    confirm: 'End it with its period',
    done: 'It ends with its period.',
  },
  NOW: { title: 'End it at once?', confirm: 'End it at once', done: 'It has ended.' },
  NEVER: { title: 'Let it go on?', confirm: 'Let it go on', done: 'It goes on.' },
};

export function SubscriptionPanel({ plans: offered, ...props }: SubscriptionPanelProps) {
  const { id, externalId, subscription } = readFragment(SubscriptionPanel_AccountFragment, props.account);
  const plans = readFragment(SubscriptionPanel_PlanFragment, offered);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [cancel] = useAction(CancelMutation);
  const [changePlan] = useAction(ChangePlanMutation);
  // One key for one intent: a second press does nothing twice.
  const key = useRef('');
  const ask = (what: Asked) => {
    key.current = crypto.randomUUID();
    setChosen(null);
    setAsked(what);
  };
  if (!subscription) {
    return (
      <Panel title="Subscription">
        <Empty title="No subscription">
          Plans are subscribed to at a checkout, which a client app opens.
        </Empty>
      </Panel>
    );
  }
  const { plan, planName, interval, status, price, startedAt, currentPeriodEnd, cancelAtPeriodEnd, endedAt } =
    subscription;
  const others = plans.filter((each) => !(each.id === plan && each.interval === interval));
  const next = others.find((each) => `${each.id} ${each.interval}` === chosen);
  const when = asked === 'CHANGE' ? null : asked;
  return (
    <Panel
      title="Subscription"
      actions={
        !endedAt && (
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => ask('CHANGE')}>
              Change the plan
            </Button>
            {cancelAtPeriodEnd ? (
              <Button size="xs" variant="default" onClick={() => ask('NEVER')}>
                Let it go on
              </Button>
            ) : (
              <DangerButton size="xs" onClick={() => ask('PERIOD_END')}>
                End with its period
              </DangerButton>
            )}
            <DangerButton size="xs" onClick={() => ask('NOW')}>
              End at once
            </DangerButton>
          </Group>
        )
      }
    >
      <Facts>
        <Fact label="Plan">{planName}</Fact>
        <Fact label="Price">
          <Money value={price} /> a {interval.toLowerCase()}
        </Fact>
        <Fact label="State">
          <State tone={endedAt ? 'quiet' : status === 'active' ? 'good' : 'warning'}>{status}</State>
        </Fact>
        <Fact label="Since">
          <Instant value={startedAt} />
        </Fact>
        {endedAt ? (
          <Fact label="Ended">
            <Instant value={endedAt} />
          </Fact>
        ) : (
          <Fact label={cancelAtPeriodEnd ? 'Ends' : 'Paid next'}>
            <Instant value={currentPeriodEnd} />
          </Fact>
        )}
      </Facts>
      <ConfirmDialog
        opened={when !== null}
        onClose={() => setAsked(null)}
        title={when ? WORDS[when].title : ''}
        confirm={when ? WORDS[when].confirm : ''}
        danger={when !== 'NEVER'}
        onConfirm={async () => {
          if (when === null) return false;
          const input = { idempotencyKey: key.current, accountId: id, when };
          const outcome = (await cancel({ input }))?.cancelSubscription;
          if (!isDone(outcome, 'AccountSubscription', 'It stays as it was')) return false;
          toastDone(WORDS[when].done);
          return true;
        }}
      >
        <Text size="sm">
          {when === 'NEVER' ? (
            <>
              It is paid again on <Instant value={currentPeriodEnd} />, <Money value={price} />.
            </>
          ) : (
            <>
              <Money value={price} /> a {interval.toLowerCase()} comes in no more
              {when === 'PERIOD_END' && (
                <>
                  {' '}
                  from <Instant value={currentPeriodEnd} /> on
                </>
              )}
              . Nothing is paid back, and credits that have come stay until they expire.
            </>
          )}
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === 'CHANGE'}
        onClose={() => setAsked(null)}
        title={`Another plan for ${externalId}`}
        confirm="Change the plan"
        onConfirm={async () => {
          if (!next) {
            toastFailure({ title: 'No plan is chosen', message: 'Choose the plan that it is to be.' });
            return false;
          }
          const { id: to, interval: every, name } = next;
          const input = { idempotencyKey: key.current, accountId: id, plan: to, interval: every };
          const outcome = (await changePlan({ input }))?.changePlan;
          if (!isDone(outcome, 'AccountSubscription', 'It stays as it was')) return false;
          toastDone(`${externalId} now has ${name}.`);
          return true;
        }}
      >
        <Stack gap="sm">
          <Select
            label="Plan"
            data={others.map((each) => ({
              value: `${each.id} ${each.interval}`,
              label: `${each.name}, a ${each.interval.toLowerCase()}`,
            }))}
            value={chosen}
            onChange={setChosen}
            allowDeselect={false}
            data-autofocus
          />
          {next && (
            <Text size="sm" aria-live="polite">
              <Money value={next.price} /> a {next.interval.toLowerCase()} with <Count value={next.credits} />{' '}
              credits, in the place of <Money value={price} />. A dearer plan begins at once and the
              difference is billed now; a cheaper one costs less from the next period on.
            </Text>
          )}
        </Stack>
      </ConfirmDialog>
    </Panel>
  );
}
