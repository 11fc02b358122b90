/** The frame of a page: its title, also in the window, and focus on it when one comes from another page. */
import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import classes from './Page.module.css';

interface PageProps {
  readonly title: string;
  /** What stands beside the title, such as a state. */
  readonly beside?: ReactNode;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** Whether a page has been shown before: the first keeps the browser's own focus. */
let isFirst = true;

export function Page({ title, beside, note, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Solvent`;
  }, [title]);
  useEffect(() => {
    // A screen reader hears where it has come to, and Tab goes on from there.
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <Stack gap="md" className={classes.page}>
      <Group justify="space-between" align="flex-start" gap="sm" mih={40}>
        <Stack gap={4}>
          <Group gap="sm">
            <Title order={1} ref={heading} tabIndex={-1} className={classes.title}>
              {title}
            </Title>
            {beside}
          </Group>
          {note && (
            <Text c="dimmed" maw="70ch">
              {note}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
