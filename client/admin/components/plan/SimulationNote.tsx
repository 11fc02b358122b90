/** What a price would leave, in a sentence or two, while somebody sets it. */
import { Skeleton, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { isAmount } from '../../../ui/decimal.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Money, Ratio } from '../../../ui/values.tsx';
import type { SimulatePlanInput } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { inputOf, type Use } from './uses.ts';

const SimulateQuery = graphql(`
  query SimulationNote_SimulateQuery($input: SimulatePlanInput!) {
    simulatePlan(input: $input) {
      ... on PlanSimulation {
        creditsMissing
        pricePerCredit {
          amount
          currency
        }
        cost {
          amount
          currency
        }
        beforeFees {
          margin
        }
        afterFees {
          margin
          profit {
            amount
            currency
          }
        }
        worst {
          model
          afterFees {
            margin
            profit {
              amount
              currency
            }
          }
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

interface SimulationNoteProps {
  readonly price: string;
  readonly credits: number;
  readonly uses: readonly Use[];
}

const WAIT_MS = 250;

export function SimulationNote({ price, credits, uses }: SimulationNoteProps) {
  const isKnown = isAmount(price) && Number.isInteger(credits) && credits > 0;
  // As a text: an object is another one each time, and would never settle.
  const said = JSON.stringify({ price, credits, uses: inputOf(uses) });
  const [settled] = useDebouncedValue(said, WAIT_MS);
  const input = JSON.parse(settled) as SimulatePlanInput;
  const { data, failure, isLoading } = usePageQuery(SimulateQuery, { input }, { pause: !isKnown });
  if (!isKnown) {
    return (
      <Text size="sm" c="dimmed">
        Give a price and credits to see what they leave.
      </Text>
    );
  }
  if (failure) return <Text size="sm">{failure.message}</Text>;
  // While a newer answer is on its way, the one that is there is of another price.
  if (!data || isLoading || settled !== said) return <Skeleton height={66} />;
  const outcome = data.simulatePlan;
  if (outcome.__typename !== 'PlanSimulation') {
    return <Text size="sm">{'message' in outcome ? outcome.message : ''}</Text>;
  }
  const { beforeFees, afterFees, worst } = outcome;
  return (
    <Text size="sm" component="div" aria-live="polite">
      A credit then sells for <Money value={outcome.pricePerCredit} />.
      {uses.length > 0 && (
        <>
          {' '}
          The uses cost <Money value={outcome.cost} />: margin{' '}
          <State tone={toneOfMargin(beforeFees.margin)}>
            <Ratio value={beforeFees.margin} none="no revenue" />
          </State>
          , after fees <Ratio value={afterFees.margin} none="no revenue" /> or{' '}
          <Money value={afterFees.profit} signed />.
          {(outcome.creditsMissing ?? 0) > 0 && <> They need {outcome.creditsMissing} credits more.</>}
        </>
      )}
      {worst && (
        <>
          {' '}
          At the worst, all spent on {worst.model}, it leaves <Money value={worst.afterFees.profit} signed />{' '}
          after fees, a margin of{' '}
          <State tone={toneOfMargin(worst.afterFees.margin)}>
            <Ratio value={worst.afterFees.margin} none="none" />
          </State>
          .
        </>
      )}
    </Text>
  );
}
