/** One file of history: on its way, looked at, and imported. */
import { Skeleton } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Empty } from '../../../ui/Empty.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { State } from '../../../ui/State.tsx';
import { Instant } from '../../../ui/values.tsx';
import { ImportActs } from '../../components/import/ImportActs.tsx';
import { ImportProgress } from '../../components/import/ImportProgress.tsx';
import { ImportSummary } from '../../components/import/ImportSummary.tsx';
import { useSending } from '../../components/import/sending.ts';
import { IMPORT_STATES } from '../../components/import/words.ts';
import type { HistoryImportState } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink } from '../../links.tsx';

const ImportQuery = graphql(`
  query Import_PageQuery($id: ID!) {
    historyImport(id: $id) {
      id
      state
      fileName
      createdAt
      createdByName
      ...ImportActs_HistoryImportFragment
      ...ImportProgress_HistoryImportFragment
      ...ImportSummary_HistoryImportFragment
    }
  }
`);

/** States that end by themselves. */
const MOVING: ReadonlySet<HistoryImportState> = new Set(['UPLOADING', 'CHECKING', 'IMPORTING']);

const route = getRouteApi('/shell/import/$importId');

export function ImportPage() {
  const { importId: id } = route.useParams();
  const [isMoving, setMoving] = useState(true);
  const asked = usePageQuery(ImportQuery, { id }, isMoving ? { refreshSeconds: 1 } : {});
  const { data, refresh } = asked;
  const history = data?.historyImport;
  // Of a file that is not there nothing comes any more.
  const moves = data ? history != null && MOVING.has(history.state) : true;
  if (moves !== isMoving) setMoving(moves);
  const sending = useSending(id);
  const isSent = sending !== undefined && sending.sent === sending.bytes;
  useEffect(() => {
    if (isSent) refresh();
  }, [isSent, refresh]);
  return (
    <Page
      title={history?.fileName ?? 'Import'}
      beside={
        history && <State tone={IMPORT_STATES[history.state][0]}>{IMPORT_STATES[history.state][1]}</State>
      }
      note={
        history && (
          <>
            Sent <Instant value={history.createdAt} /> by {history.createdByName}.{' '}
            <TextLink to="/import" underline="always">
              All files
            </TextLink>
          </>
        )
      }
      actions={history && <ImportActs history={history} />}
    >
      <Loaded asked={asked} skeleton={<Skeleton height={320} />}>
        {() =>
          history ? (
            <>
              {(moves || history.state === 'FAILED') && (
                <Panel title="Progress">
                  <ImportProgress history={history} />
                </Panel>
              )}
              {history.state !== 'UPLOADING' && <ImportSummary history={history} />}
            </>
          ) : (
            <Empty title="There is no such file" action={<TextLink to="/import">All files</TextLink>}>
              The id in the address belongs to none, or it was removed.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
