/** All keys, and the switch by which single ones do nothing. */
import { Kbd, Modal, Switch, Table } from '@mantine/core';
import { setPreferences, usePreferences } from '../../ui/preferences.tsx';
import { PLACES } from './navigation.ts';

interface ShortcutListProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function ShortcutList({ opened, onClose }: ShortcutListProps) {
  const { singleKeys = true } = usePreferences();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard shortcuts"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Table aria-label="Keyboard shortcuts" verticalSpacing={8} horizontalSpacing={12}>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>Go to a page, or run a command</Table.Td>
            <Table.Td>
              <Kbd>Ctrl</Kbd> <Kbd>K</Kbd>
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Td>This list</Table.Td>
            <Table.Td>
              <Kbd>?</Kbd>
            </Table.Td>
          </Table.Tr>
          {PLACES.flatMap(({ places }) => places).map(({ label, key }) => (
            <Table.Tr key={label}>
              <Table.Td>{label}</Table.Td>
              <Table.Td>
                <Kbd>g</Kbd> <Kbd>{key}</Kbd>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Switch
        mt="md"
        label="Single keys are shortcuts"
        checked={singleKeys}
        onChange={(event) => setPreferences({ singleKeys: event.currentTarget.checked })}
      />
    </Modal>
  );
}
