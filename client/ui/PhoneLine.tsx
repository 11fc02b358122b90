/** What a phone is told below a row's header of columns that it does without. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

export function PhoneLine({ children }: { readonly children: ReactNode }) {
  return (
    <Text hiddenFrom="sm" size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Text>
  );
}
