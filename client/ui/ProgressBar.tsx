/** How far something has come, as a bar and in words. */
import { Group, Progress, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface ProgressBarProps {
  /** What it is the progress of, for those who do not see it. */
  readonly label: string;
  /** From 0 to 1; null while it cannot be told: then the bar is full and moves. */
  readonly share: number | null;
  /** The same in words, below it. */
  readonly children: ReactNode;
}

export function ProgressBar({ label, share, children }: ProgressBarProps) {
  const percent = share === null ? null : Math.floor(Math.min(Math.max(share, 0), 1) * 100);
  return (
    <Stack gap={6}>
      <Progress aria-label={label} value={percent ?? 100} animated={percent === null} size="lg" radius="sm" />
      <Group justify="space-between" gap="sm">
        <Text size="sm">{children}</Text>
        {percent !== null && (
          <Text size="sm" c="dimmed">
            {percent} %
          </Text>
        )}
      </Group>
    </Stack>
  );
}
