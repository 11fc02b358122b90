/** Shows what was asked for, its skeleton until it is there, and why it is not when it failed. */
import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { FailureNote } from '../../ui/Failure.tsx';
import type { Asked } from './hooks.ts';

interface LoadedProps<Data> {
  readonly asked: Asked<Data>;
  /** As high as what will be there, so that nothing moves. */
  readonly skeleton: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

export function Loaded<Data>({ asked, skeleton, children }: LoadedProps<Data>) {
  const { data, failure, refresh } = asked;
  if (data === undefined) return failure ? <FailureNote failure={failure} onRetry={refresh} /> : skeleton;
  return (
    <Stack gap="md">
      {failure && <FailureNote failure={failure} onRetry={refresh} />}
      {children(data)}
    </Stack>
  );
}
