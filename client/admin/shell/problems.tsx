/** What is shown when a page cannot be. */
import { Center, Stack } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { Empty } from '../../ui/Empty.tsx';
import { type Failure, FailureNote } from '../../ui/Failure.tsx';
import { TextLink } from '../links.tsx';

const isFailure = (error: unknown): error is Failure =>
  typeof error === 'object' && error !== null && 'title' in error && 'message' in error;

/** A page that broke, or could not be loaded. */
export function Problem({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const failure: Failure = isFailure(error)
    ? error
    : {
        title: 'This page broke',
        message: `It is a defect of the admin: ${error instanceof Error ? error.message : String(error)}`,
      };
  return (
    <Center component="main" mih="60vh" p="md">
      <Stack maw={560}>
        <FailureNote
          failure={failure}
          onRetry={() => {
            reset();
            void router.invalidate();
          }}
        />
      </Stack>
    </Center>
  );
}

/** An address at which nothing is. */
export function NotFound() {
  return (
    <Empty title="There is no such page" action={<TextLink to="/">To the overview</TextLink>}>
      The address may be mistyped, or what was there is gone.
    </Empty>
  );
}
