/** What the books advise, each with the figures that it follows from. */
import { Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { isNegative } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State } from '../../../ui/State.tsx';
import { Money } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { UserLink } from '../../links.tsx';
import classes from './Recommendations.module.css';

const Recommendations_RecommendationFragment = graphql(`
  fragment Recommendations_RecommendationFragment on Recommendation {
    kind
    subject
    title
    rule
    effect {
      amount
      currency
    }
    figures {
      name
      value
    }
  }
`);

/** As many are shown at first: those with the greatest effect come first. */
const SHOWN = 6;

interface RecommendationsProps {
  readonly advice: readonly FragmentType<typeof Recommendations_RecommendationFragment>[] | undefined;
}

export function Recommendations(props: RecommendationsProps) {
  const advice = readFragment(Recommendations_RecommendationFragment, props.advice);
  const [isWhole, { toggle }] = useDisclosure(false);
  if (!advice) return <Skeleton height={140} />;
  if (advice.length === 0) {
    return (
      <Empty title="Nothing to advise">
        The books of this range break no rule that advice is given by. A longer range may show more.
      </Empty>
    );
  }
  return (
    <Stack align="flex-start">
      <ul className={classes.list} aria-label="Recommendations">
        {(isWhole ? advice : advice.slice(0, SHOWN)).map(
          ({ kind, subject, title, rule, effect, figures }) => (
            <li key={`${kind} ${subject}`} className={classes.item}>
              <Stack gap="xs">
                <div className={classes.head}>
                  <Title order={3} size="h5">
                    {kind === 'ACCOUNT_LOSES' ? <UserLink id={subject}>{title}</UserLink> : title}
                  </Title>
                  <State tone={effect && isNegative(effect.amount) ? 'bad' : 'busy'}>{wordsOf(kind)}</State>
                </div>
                {effect && (
                  <Text size="sm">
                    {isNegative(effect.amount) ? 'It lost ' : 'It would have brought '}
                    <Money value={effect} signed /> in this range.
                  </Text>
                )}
                <Facts>
                  {figures.map(({ name, value }) => (
                    <Fact key={name} label={name}>
                      {value}
                    </Fact>
                  ))}
                </Facts>
                <Text size="xs" c="dimmed">
                  {rule}
                </Text>
              </Stack>
            </li>
          ),
        )}
      </ul>
      {advice.length > SHOWN && (
        <Button variant="default" size="xs" onClick={toggle} aria-expanded={isWhole}>
          {isWhole ? 'Show the first ones only' : `Show all ${advice.length}`}
        </Button>
      )}
    </Stack>
  );
}
