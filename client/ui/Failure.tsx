/** What is shown in the place of something that could not be had: what happened, by which id to report it, and a retry. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import IconAlertOctagon from '@tabler/icons-react/icons/IconAlertOctagon';
import { Code } from './values.tsx';

/** Something that went wrong, in words for whoever looks. */
export interface Failure {
  readonly title: string;
  readonly message: string;
  /** By which the server's log knows it. */
  readonly requestId?: string | undefined;
}

export function FailureNote({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry?: () => void;
}) {
  return (
    <Alert
      color="red"
      variant="outline"
      icon={<IconAlertOctagon aria-hidden="true" />}
      title={failure.title}
      styles={{ title: { color: 'var(--solvent-bad)' }, icon: { color: 'var(--solvent-bad)' } }}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{failure.message}</Text>
        {failure.requestId && (
          <Text size="sm">
            Request <Code>{failure.requestId}</Code>: the server's log has it under this id.
          </Text>
        )}
        {onRetry && (
          <Group>
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}
