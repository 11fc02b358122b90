/** In the place of a list that holds nothing: what would be there, and what one can do so that it is. */
import { Stack, Text } from '@mantine/core';
import IconInbox from '@tabler/icons-react/icons/IconInbox';
import type { ReactNode } from 'react';

export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <Stack align="center" gap={6} px="md" py="xl" ta="center">
      <IconInbox size={32} stroke={1.3} aria-hidden="true" color="var(--mantine-color-dimmed)" />
      <Text fw={600}>{title}</Text>
      {children && (
        <Text size="sm" c="dimmed" maw="52ch">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
