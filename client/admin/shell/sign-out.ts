/** Ends the session, here and on the server. */
import { useCallback } from 'react';
import { useClient } from 'urql';
import { toastFailure } from '../../ui/toasts.ts';
import { graphql } from '../gql/index.ts';
import { resetClient } from '../graphql/client.ts';
import { failureOf } from '../graphql/failure.ts';
import { session } from '../session/session.ts';

const SignOutMutation = graphql(`
  mutation Shell_SignOutMutation {
    signOut
  }
`);

export function useSignOut(): () => Promise<void> {
  const client = useClient();
  return useCallback(async () => {
    const { error } = await client.mutation(SignOutMutation, {}).toPromise();
    if (error) return toastFailure(failureOf(error));
    resetClient();
    session.end();
  }, [client]);
}
