/** Signs an admin in, and leads back to where they were. */
import { Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { type Failure, FailureNote } from '../../../ui/Failure.tsx';
import { graphql } from '../../gql/index.ts';
import { resetClient } from '../../graphql/client.ts';
import { codeOf, failureOf } from '../../graphql/failure.ts';
import { session } from '../../session/session.ts';

const SignInMutation = graphql(`
  mutation SignIn_SignInMutation($email: String!, $password: String!) {
    signIn(email: $email, password: $password) {
      kind
    }
  }
`);

const route = getRouteApi('/sign-in');

export function SignInPage() {
  const { back } = route.useSearch();
  const router = useRouter();
  const client = useClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Solvent';
  }, []);

  const signIn = async () => {
    setBusy(true);
    const { data, error } = await client.mutation(SignInMutation, { email, password }).toPromise();
    setBusy(false);
    if (error) {
      const told = failureOf(error);
      setFailure(codeOf(error) === 'UNAUTHENTICATED' ? { ...told, title: 'Not signed in' } : told);
    }
    if (!data) return;
    resetClient();
    session.begin();
    // An address of this page only: it begins with one slash.
    router.history.push(back && /^\/(?![/\\])/.test(back) ? router.basepath + back : router.basepath);
  };

  return (
    <Center component="main" mih="100vh" p="md" bg="var(--solvent-ground)">
      <Paper withBorder p="xl" w="100%" maw={400}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void signIn();
          }}
        >
          <Stack>
            <div>
              <Title order={1}>Solvent</Title>
              <Text c="dimmed">
                {back ? 'Your session has ended. Sign in to go on.' : 'Sign in to the admin.'}
              </Text>
            </div>
            {failure && <FailureNote failure={failure} />}
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={isBusy}>
              Sign in
            </Button>
            <Text size="sm" c="dimmed">
              The first start of the server prints the first admin's e-mail and password.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
