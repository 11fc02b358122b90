/** Keys: `g` and then a page's key leads there, `?` lists them all. Single keys can be switched off in the settings. */
import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { laterDialog } from '../../ui/later.tsx';
import { usePreferences } from '../../ui/preferences.tsx';
import { PLACES } from './navigation.ts';

const List = laterDialog(() => import('./ShortcutList.tsx').then(({ ShortcutList }) => ShortcutList));

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
  return <List opened={isOpen} onClose={list.close} />;
}
