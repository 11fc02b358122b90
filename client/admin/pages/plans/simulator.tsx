/** The plan simulator: what a plan, or any price, leaves. Its scenario is the address. */
import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SimulationView } from '../../components/plan/SimulationView.tsx';
import { UsesEditor } from '../../components/plan/UsesEditor.tsx';
import { inputOf, toUse, type Use } from '../../components/plan/uses.ts';
import type { PlanInterval } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';

const SimulationQuery = graphql(`
  query Plans_SimulationQuery($input: SimulatePlanInput!) {
    simulatePlan(input: $input) {
      ... on PlanSimulation {
        lines {
          model
          count
          size
          quality
          durationSeconds
        }
        ...SimulationView_PlanSimulationFragment
      }
      ... on Error {
        message
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

/** What is simulated, as the address says it. */
export interface Scenario {
  readonly plan?: string;
  readonly interval?: PlanInterval;
  readonly price?: string;
  readonly credits?: string;
  readonly uses?: readonly Use[];
}

interface SimulatorProps {
  readonly scenario: Scenario;
  readonly onChange: (change: { [Key in keyof Scenario]?: Scenario[Key] | undefined }) => void;
  readonly plans: readonly { readonly id: string; readonly name: string; readonly interval: PlanInterval }[];
  readonly models: Parameters<typeof UsesEditor>[0]['models'];
}

const WAIT_MS = 250;

/** A field whose text becomes a part of the scenario when one stops typing. */
function ScenarioField(props: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  readonly error: string | undefined;
}) {
  const { label, placeholder, value, onChange, error } = props;
  const [typed, setTyped] = useState(value ?? '');
  // Another scenario, by a link or the browser's way back, is another text.
  useEffect(() => setTyped(value ?? ''), [value]);
  const say = useDebouncedCallback((text: string) => onChange(text.trim() || undefined), WAIT_MS);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      w={140}
      inputMode="decimal"
      error={error}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        say(event.currentTarget.value);
      }}
    />
  );
}

export function Simulator({ scenario, onChange, plans, models }: SimulatorProps) {
  const { plan, interval = 'MONTH', price, credits, uses } = scenario;
  const isSaid = plan !== undefined || price !== undefined;
  // "1,000" is no number to take the beginning of.
  const isWhole = credits === undefined || /^\d{1,9}$/.test(credits);
  const asked = usePageQuery(
    SimulationQuery,
    {
      input: {
        plan: plan ?? null,
        interval,
        price: price ?? null,
        credits: credits === undefined || !isWhole ? null : Number(credits),
        uses: uses ? inputOf(uses) : null,
      },
    },
    { pause: !isSaid || !isWhole, alsoOf: ['Plan', 'ModelChange', 'PriceList'] },
  );
  const outcome = isSaid && isWhole ? asked.data?.simulatePlan : undefined;
  const simulation = outcome?.__typename === 'PlanSimulation' ? outcome : undefined;
  const told = outcome?.__typename === 'InvalidInputError' ? outcome.fields : [];
  const problems = isWhole
    ? told
    : [{ path: 'credits', message: 'Give a whole number of credits, in digits alone.' }];
  const problemOf = (path: string) => problems.find((problem) => problem.path.startsWith(path))?.message;
  // Of a plan whose uses nobody has changed they are the plan's own, as they were reckoned with.
  const shown = uses ?? simulation?.lines.map(toUse) ?? [];
  return (
    <Stack gap="md">
      <Panel title="Scenario" note="What is left out is the plan’s own; the address says all of it">
        <Stack gap="md">
          <Group align="flex-start" gap="sm">
            <Select
              label="Plan"
              placeholder="A price of my own"
              clearable
              clearButtonProps={{ 'aria-label': 'A price of my own' }}
              w={220}
              data={plans.map((each) => ({
                value: `${each.id} ${each.interval}`,
                label: `${each.name}, a ${each.interval.toLowerCase()}`,
              }))}
              value={plan ? `${plan} ${interval}` : null}
              onChange={(value) => {
                const chosen = plans.find((each) => `${each.id} ${each.interval}` === value);
                onChange({
                  plan: chosen?.id,
                  interval: chosen?.interval,
                  price: undefined,
                  credits: undefined,
                  uses: undefined,
                });
              }}
            />
            <ScenarioField
              label="Price in dollars"
              placeholder={plan ? 'the plan’s' : 'such as 9'}
              value={price}
              onChange={(value) => onChange({ price: value })}
              error={problemOf('price')}
            />
            <ScenarioField
              label="Credits"
              placeholder={plan ? 'the plan’s' : 'as many as needed'}
              value={credits}
              onChange={(value) => onChange({ credits: value })}
              error={problemOf('credits')}
            />
            {plan && (price ?? credits ?? uses) !== undefined && (
              <Button
                variant="default"
                mt={25}
                onClick={() => onChange({ price: undefined, credits: undefined, uses: undefined })}
              >
                Back to the plan’s own
              </Button>
            )}
          </Group>
          <UsesEditor models={models} uses={shown} onChange={(next) => onChange({ uses: next })} />
        </Stack>
      </Panel>
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      {!isWhole || (outcome && !simulation) ? (
        <FailureNote
          failure={{
            title: 'This cannot be reckoned',
            message:
              problems.map(({ message }) => message).join(' ') ||
              (outcome && 'message' in outcome ? outcome.message : ''),
          }}
        />
      ) : isSaid ? (
        <SimulationView simulation={simulation} />
      ) : (
        <Panel title="What it leaves">
          <Empty title="Nothing to reckon with yet">Choose a plan, or give a price and what is used.</Empty>
        </Panel>
      )}
    </Stack>
  );
}
