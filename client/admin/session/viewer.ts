/** Asks whether somebody is signed in. */
import { graphql } from '../gql/index.ts';
import { currentClient } from '../graphql/client.ts';
import { codeOf, failureOf } from '../graphql/failure.ts';
import { session } from './session.ts';

const ViewerQuery = graphql(`
  query Session_ViewerQuery {
    viewer {
      kind
    }
  }
`);

/** Finds out whether somebody is signed in, unless that is known. @throws a Failure when the server does not say. */
export async function knowViewer(): Promise<boolean> {
  if (session.status === 'in') return true;
  const { data, error } = await currentClient()
    .query(ViewerQuery, {}, { requestPolicy: 'network-only' })
    .toPromise();
  if (data) {
    session.begin();
    return true;
  }
  if (error && codeOf(error) !== 'UNAUTHENTICATED') throw failureOf(error);
  session.end();
  return false;
}
