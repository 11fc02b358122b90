/** What a price leaves when its uses have been paid for: before and after fees, by use, at the worst and at the best. */
import { Stack, Text } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { State } from '../../../ui/State.tsx';
import { type Amount, Count, Money, Nothing, Ratio } from '../../../ui/values.tsx';
import type { SimulationView_PlanSimulationFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { MarginBadge } from './MarginBadge.tsx';
import { ModelMarginTable } from './ModelMarginTable.tsx';
import { SimulatedLineTable } from './SimulatedLineTable.tsx';

const SimulationView_PlanSimulationFragment = graphql(`
  fragment SimulationView_PlanSimulationFragment on PlanSimulation {
    credits
    creditsNeeded
    creditsMissing
    pricePerCredit {
      amount
      currency
    }
    cost {
      amount
      currency
    }
    revenue {
      amount
      currency
    }
    fee {
      amount
      currency
    }
    beforeFees {
      profit {
        amount
        currency
      }
      margin
      markup
      breakEvenPrice {
        amount
        currency
      }
      breakEvenUse
    }
    afterFees {
      profit {
        amount
        currency
      }
      margin
      markup
      breakEvenPrice {
        amount
        currency
      }
      breakEvenUse
    }
    lines {
      ...SimulatedLineTable_SimulatedLineFragment
    }
    worst {
      model
      uses
      cost {
        amount
        currency
      }
      afterFees {
        profit {
          amount
          currency
        }
        margin
      }
    }
    best {
      model
      uses
      cost {
        amount
        currency
      }
      afterFees {
        profit {
          amount
          currency
        }
        margin
      }
    }
    models {
      ...ModelMarginTable_ModelMarginFragment
    }
  }
`);

type Simulation = SimulationView_PlanSimulationFragmentFragment;

/** Price, cost and what is left, with or without the fee. */
interface Outcome {
  readonly name: string;
  readonly price: Amount;
  readonly cost: Amount;
  readonly fee: Amount | null;
  readonly result: Simulation['beforeFees'];
}

/** How many times all uses are paid for. */
function Times({ value }: { readonly value: number | null | undefined }) {
  return value === null || value === undefined ? (
    <Nothing label="nothing is billed" />
  ) : (
    <>{value.toFixed(2)} ×</>
  );
}

const OUTCOMES: readonly Column<Outcome>[] = [
  { key: 'name', header: 'Reckoned', isRowHeader: true, render: ({ name }) => name },
  { key: 'price', header: 'Price', align: 'end', wide: true, render: ({ price }) => <Money value={price} /> },
  { key: 'cost', header: 'Cost', align: 'end', render: ({ cost }) => <Money value={cost} /> },
  { key: 'fee', header: 'Fee', align: 'end', wide: true, render: ({ fee }) => <Money value={fee} /> },
  {
    key: 'profit',
    header: 'Profit',
    align: 'end',
    render: ({ result }) => <Money value={result.profit} signed />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    render: ({ result }) => <MarginBadge value={result.margin} />,
  },
  {
    key: 'markup',
    header: 'Markup',
    align: 'end',
    wide: true,
    render: ({ result }) => <Ratio value={result.markup} none="nothing is billed" />,
  },
  {
    key: 'even',
    header: 'Break-even price',
    align: 'end',
    wide: true,
    render: ({ result }) => <Money value={result.breakEvenPrice} />,
  },
  {
    key: 'use',
    header: 'Break-even use',
    align: 'end',
    wide: true,
    render: ({ result }) => <Times value={result.breakEvenUse} />,
  },
];

function Extreme({ of, word }: { readonly of: Simulation['worst']; readonly word: string }) {
  if (!of) return null;
  return (
    <li>
      {word}: all credits go to <strong>{of.model}</strong>, <Count value={of.uses} /> uses that cost{' '}
      <Money value={of.cost} />; after fees <Money value={of.afterFees.profit} signed /> are left, a margin of{' '}
      <Ratio value={of.afterFees.margin} none="none" />.
    </li>
  );
}

interface SimulationViewProps {
  readonly simulation: FragmentType<typeof SimulationView_PlanSimulationFragment> | undefined;
}

export function SimulationView(props: SimulationViewProps) {
  const simulation = readFragment(SimulationView_PlanSimulationFragment, props.simulation);
  const shared = simulation && { price: simulation.revenue, cost: simulation.cost };
  return (
    <>
      <Panel title="What it leaves" flush>
        <DataTable
          label="What it leaves"
          columns={OUTCOMES}
          rows={
            simulation &&
            shared && [
              { ...shared, name: 'Before fees', fee: null, result: simulation.beforeFees },
              { ...shared, name: 'After fees', fee: simulation.fee, result: simulation.afterFees },
            ]
          }
          keyOf={({ name }) => name}
          expected={2}
          empty={null}
        />
        {simulation && (
          <Stack gap={4} px="md" py="sm">
            <Text size="sm">
              {simulation.credits === null || simulation.credits === undefined ? (
                'No credits are known: give some, or uses that have a price.'
              ) : (
                <>
                  <Count value={simulation.credits} /> credits at <Money value={simulation.pricePerCredit} />{' '}
                  each
                </>
              )}
              {simulation.creditsNeeded !== null && simulation.creditsNeeded !== undefined && (
                <>
                  ; the uses need <Count value={simulation.creditsNeeded} />
                </>
              )}
              {(simulation.creditsMissing ?? 0) > 0 && (
                <>
                  {' '}
                  <State tone="warning">
                    <Count value={simulation.creditsMissing ?? 0} /> too few
                  </State>
                </>
              )}
            </Text>
            <Text size="sm" component="ul" m={0} pl="lg">
              <Extreme of={simulation.worst} word="At the worst" />
              <Extreme of={simulation.best} word="At the best" />
            </Text>
          </Stack>
        )}
      </Panel>
      <Panel title="Use by use" note="A use’s share of price and fee is its share of credits" flush>
        <SimulatedLineTable lines={simulation?.lines} />
      </Panel>
      <Panel
        title="What a credit can be spent on"
        note="Each way in which the active list sells a model"
        flush
      >
        <ModelMarginTable models={simulation?.models} />
      </Panel>
    </>
  );
}
