/**
 * Code that a page does without at first, such as that of dialogs: it is no part of what one waits for. It is fetched when the page
 * has been there for a while, or when it is wanted before that.
 */
import { type ComponentType, useEffect, useState, useSyncExternalStore } from 'react';
import { toastFailure } from './toasts.ts';

/** How long after the page has been loaded: what it shows comes first. */
const QUIET_MS = 2_000;

let quietly = 0;

/** Whether code is being fetched that nobody waits for: it is no harm when that fails. */
export const isFetchingQuietly = (): boolean => quietly > 0;

async function fetchQuietly(fetch: () => Promise<unknown>): Promise<void> {
  quietly += 1;
  // What fails now is tried again when it is wanted.
  await fetch().catch(() => {});
  quietly -= 1;
}

function whenQuiet(act: () => void): void {
  const wait = () => setTimeout(act, QUIET_MS);
  if (document.readyState === 'complete') wait();
  else window.addEventListener('load', wait, { once: true });
}

/**
 * @param load imports it: `() => import('./Thing.tsx').then(({ Thing }) => Thing)`.
 * @returns a hook that gives it, undefined until it is there. What it is told is called when it cannot be fetched.
 */
export function later<Part>(
  load: () => Promise<Part>,
): (isWanted: boolean, onFailure?: () => void) => Part | undefined {
  let part: Part | undefined;
  const waiting = new Set<() => void>();
  const listen = (listener: () => void) => {
    waiting.add(listener);
    return () => waiting.delete(listener);
  };
  const fetch = async () => {
    part ??= await load();
    for (const listener of waiting) listener();
  };
  whenQuiet(() => void fetchQuietly(fetch));
  return function useLater(isWanted, onFailure) {
    const known = useSyncExternalStore(listen, () => part);
    useEffect(() => {
      if (!isWanted || known !== undefined) return;
      let isGone = false;
      fetch().catch(() => !isGone && onFailure?.());
      return () => {
        isGone = true;
      };
    }, [isWanted, known, onFailure]);
    return known;
  };
}

interface DialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

/**
 * A dialog that is there from when it is first opened on. It stays then, so that it can be seen to close, and what has been typed
 * into it is not lost.
 */
export function laterDialog<Props extends DialogProps>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  const useDialog = later(load);
  return function LaterDialog(props) {
    const { opened, onClose } = props;
    const [wasOpened, setOpened] = useState(opened);
    if (opened && !wasOpened) setOpened(true);
    const Dialog = useDialog(opened, () => {
      onClose();
      toastFailure({
        title: 'Not opened',
        message: 'The server could not be reached. Try again in a moment.',
      });
    });
    return wasOpened && Dialog !== undefined && <Dialog {...props} />;
  };
}
