/** A part of a page: a heading, what belongs to it, and its content on a ground of its own. */
import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import classes from './Panel.module.css';

interface PanelProps {
  readonly title: ReactNode;
  /** A sentence below the title. */
  readonly note?: ReactNode;
  /** Buttons and links at the right of the title. */
  readonly actions?: ReactNode;
  /** Without its inner margin, for tables that reach from edge to edge. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Panel({ title, note, actions, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <Paper component="section" withBorder aria-labelledby={id} className={classes.panel}>
      <Group justify="space-between" align="flex-start" gap="sm" className={classes.head}>
        <Stack gap={2}>
          <Title order={2} id={id}>
            {title}
          </Title>
          {note && (
            <Text size="sm" c="dimmed">
              {note}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </Paper>
  );
}
