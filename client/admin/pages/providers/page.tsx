/** Providers: whether calls go to them. */
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ProviderTable } from '../../components/provider/ProviderTable.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';

const ProvidersQuery = graphql(`
  query Providers_PageQuery {
    providers {
      ...ProviderTable_ProviderHealthFragment
    }
  }
`);

export function ProvidersPage() {
  const asked = usePageQuery(ProvidersQuery, {}, { refreshSeconds: 5 });
  return (
    <Page
      title="Providers"
      note="A provider whose calls fail five times in a row is left alone for a while: others serve where no model was named, and one call tries it again."
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Panel title="Circuits" flush>
        <ProviderTable providers={asked.data?.providers} />
      </Panel>
    </Page>
  );
}
