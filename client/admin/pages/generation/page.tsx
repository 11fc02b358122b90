/** One generation, as it goes on. */
import { Skeleton } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Empty } from '../../../ui/Empty.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { AttemptTimeline } from '../../components/generation/AttemptTimeline.tsx';
import { CancelGeneration } from '../../components/generation/CancelGeneration.tsx';
import { GenerationFacts } from '../../components/generation/GenerationFacts.tsx';
import { GenerationState, isUnderWay } from '../../components/generation/GenerationState.tsx';
import { OutputGallery } from '../../components/generation/OutputGallery.tsx';
import { graphql, readFragment } from '../../gql/index.ts';
import { useLive, usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink, UserLink } from '../../links.tsx';

const Generation_GenerationFragment = graphql(`
  fragment Generation_GenerationFragment on Generation {
    id
    status
    cached
    prompt
    account {
      id
      externalId
    }
    attempts {
      ...AttemptTimeline_AttemptFragment
    }
    outputs {
      ...OutputGallery_OutputFragment
    }
    ...GenerationFacts_GenerationFragment
    ...CancelGeneration_GenerationFragment
  }
`);

const GenerationQuery = graphql(`
  query Generation_PageQuery($id: ID!) {
    generation(id: $id) {
      ...Generation_GenerationFragment
    }
  }
`);

const GenerationSubscription = graphql(`
  subscription Generation_ChangesSubscription($id: ID!) {
    generation(id: $id) {
      ...Generation_GenerationFragment
    }
  }
`);

const route = getRouteApi('/shell/generations/$generationId');

export function GenerationPage() {
  const { generationId: id } = route.useParams();
  const asked = usePageQuery(GenerationQuery, { id });
  const known = readFragment(Generation_GenerationFragment, asked.data?.generation);
  const live = useLive(GenerationSubscription, { id }, { pause: !known || !isUnderWay(known.status) });
  const generation = readFragment(Generation_GenerationFragment, live.data?.generation) ?? known;
  return (
    <Page
      title="Generation"
      beside={generation && <GenerationState status={generation.status} cached={generation.cached} />}
      note={
        generation && (
          <>
            Of <UserLink id={generation.account.id}>{generation.account.externalId}</UserLink>
          </>
        )
      }
      actions={generation && <CancelGeneration generation={generation} />}
    >
      <Loaded asked={asked} skeleton={<Skeleton height={420} />}>
        {() =>
          generation ? (
            <>
              <GenerationFacts generation={generation} />
              <Panel title="Calls to providers">
                <AttemptTimeline attempts={generation.attempts ?? []} />
              </Panel>
              <Panel title="What was made">
                <OutputGallery outputs={generation.outputs} about={generation.prompt ?? 'made from a file'} />
              </Panel>
            </>
          ) : (
            <Empty
              title="There is no such generation"
              action={<TextLink to="/generations">All generations</TextLink>}
            >
              The id in the address belongs to none.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
