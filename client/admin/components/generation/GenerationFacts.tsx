/** One generation in figures: what it cost, earned and was charged. */
import { Progress, Stack, Text } from '@mantine/core';
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { toneOfMargin } from '../../../ui/State.tsx';
import { Code, Count, Duration, Instant, Money, Ratio } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const GenerationFacts_GenerationFragment = graphql(`
  fragment GenerationFacts_GenerationFragment on Generation {
    id
    operation
    status
    model
    prompt
    progress
    creditsReserved
    creditsCharged
    margin
    createdAt
    completedAt
    failure {
      code
      message
      retryable
    }
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

export function GenerationFacts(props: {
  readonly generation: FragmentType<typeof GenerationFacts_GenerationFragment>;
}) {
  const generation = readFragment(GenerationFacts_GenerationFragment, props.generation);
  const { creditsReserved, creditsCharged, status, failure, progress, completedAt, createdAt } = generation;
  const isOver = completedAt !== null && completedAt !== undefined;
  return (
    <Stack>
      <Figures label="Figures">
        <Figure
          label="Credits"
          value={<Count value={creditsCharged} />}
          note={
            isOver ? (
              <>
                charged; <Count value={Math.max(creditsReserved - creditsCharged, 0)} /> gone back
              </>
            ) : (
              <>
                charged; <Count value={creditsReserved} /> set aside
              </>
            )
          }
        />
        <Figure label="Cost" value={<Money value={generation.cost} />} note="what providers bill" />
        <Figure label="Revenue" value={<Money value={generation.revenue} />} note="what the credits earned" />
        <Figure
          label="Margin"
          value={<Ratio value={generation.margin} none="nothing earned" />}
          note={generation.margin === null ? 'nothing earned' : '(revenue − cost) / revenue'}
          tone={toneOfMargin(generation.margin)}
        />
      </Figures>
      {!isOver && progress !== null && progress !== undefined && (
        <div>
          <Text size="sm" mb={4}>
            <Ratio value={progress} /> done, as the vendor says
          </Text>
          <Progress value={progress * 100} aria-label="Progress" />
        </div>
      )}
      <Facts>
        <Fact label="What">{wordsOf(generation.operation)}</Fact>
        <Fact label="Model">{generation.model ?? ''}</Fact>
        <Fact label="Asked for">
          <Instant value={createdAt} style="second" />
        </Fact>
        <Fact label="At its end">
          <Instant value={completedAt} style="second" none={wordsOf(status)} />
        </Fact>
        {isOver && (
          <Fact label="Took">
            <Duration ms={Date.parse(completedAt) - Date.parse(createdAt)} />
          </Fact>
        )}
        <Fact label="Id">
          <Code>{generation.id}</Code>
        </Fact>
        {generation.prompt && (
          <Fact wide label="In the user's words">
            <Text lineClamp={8}>{generation.prompt}</Text>
          </Fact>
        )}
        {failure && (
          <Fact wide label="Why nothing was made">
            {failure.message} <Code>{failure.code}</Code>
            {failure.retryable ? ' Another try may succeed.' : ''}
          </Fact>
        )}
      </Facts>
    </Stack>
  );
}
