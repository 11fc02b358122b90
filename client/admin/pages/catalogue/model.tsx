/** One model's dated prices and costs. */
import { Skeleton } from '@mantine/core';
import { Empty } from '../../../ui/Empty.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ModelHistory } from '../../components/catalogue/ModelHistory.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink } from '../../links.tsx';
import type { catalogueRoute } from './route.ts';

const ModelQuery = graphql(`
  query Catalogue_ModelQuery($id: ID!) {
    node(id: $id) {
      ... on CatalogModel {
        id
        model
        ...ModelHistory_CatalogModelFragment
      }
    }
  }
`);

interface ModelPanelProps {
  readonly id: string;
  /** The address without it. */
  readonly closed: ReturnType<(typeof catalogueRoute)['useSearch']>;
}

export function ModelPanel({ id, closed }: ModelPanelProps) {
  const asked = usePageQuery(ModelQuery, { id }, { alsoOf: ['ModelChange'] });
  const node = asked.data?.node;
  const model = node?.__typename === 'CatalogModel' ? node : null;
  return (
    <Panel
      title={`Prices and costs by date${model ? `: ${model.model}` : ''}`}
      note="What has begun stands for good; what is to come can be taken back"
      actions={
        <TextLink to="/catalogue" search={closed} resetScroll={false}>
          Close the history
        </TextLink>
      }
      flush
    >
      <Loaded asked={asked} skeleton={<Skeleton height={220} />}>
        {() =>
          model ? (
            <ModelHistory model={model} />
          ) : (
            <Empty title="There is no such model">The id in the address belongs to none.</Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}
