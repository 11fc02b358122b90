/** Keys: `g` and then a page's key leads there, `?` lists them all. Single keys can be switched off in the settings. */
import { Kbd, Modal, Switch, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { setPreferences, usePreferences } from '../../ui/preferences.tsx';
import { PLACES } from './navigation.ts';

/** How long after `g` the second key counts. */
const SECOND_KEY_MS = 1_500;

/** Whether a key is meant for what has the focus. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
      target.closest('[role="dialog"]') !== null)
  );
}

export function Shortcuts() {
  const [isOpen, list] = useDisclosure(false);
  const navigate = useNavigate();
  const { singleKeys = true } = usePreferences();
  const { open } = list;
  const since = useRef(0);
  useEffect(() => {
    if (!singleKeys) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target))
        return;
      if (event.key === '?') return open();
      if (event.key === 'g' && Date.now() - since.current > SECOND_KEY_MS) {
        since.current = Date.now();
        return;
      }
      if (Date.now() - since.current > SECOND_KEY_MS) return;
      since.current = 0;
      const place = PLACES.flatMap(({ places }) => places).find(({ key }) => key === event.key);
      if (!place) return;
      event.preventDefault();
      void navigate({ to: place.to });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [singleKeys, navigate, open]);
  return (
    <Modal
      opened={isOpen}
      onClose={list.close}
      title="Keyboard shortcuts"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Table aria-label="Keyboard shortcuts">
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
