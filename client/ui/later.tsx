/**
 * Dialogs are no part of what one waits for: their code is fetched when the page has been there for a while, or when one is opened
 * before that.
 */
import { type ComponentType, lazy, Suspense, useState } from 'react';

/** How long after the page has been loaded: what it shows comes first. */
const QUIET_MS = 2_000;

/** Fetches code when nothing that is looked at needs the line. */
export function fetchLater(fetch: () => Promise<unknown>): void {
  // What fails now is tried again, and told, when it is wanted.
  const wait = () => setTimeout(() => void fetch().catch(() => {}), QUIET_MS);
  if (document.readyState === 'complete') wait();
  else window.addEventListener('load', wait, { once: true });
}

/**
 * A dialog that is there from when it is first opened on. It stays then, so that it can be seen to close, and what has been typed
 * into it is not lost.
 *
 * @param load imports it: `() => import('./Thing.tsx').then(({ Thing }) => Thing)`.
 */
export function laterDialog<Props extends { readonly opened: boolean }>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  const fetch = async () => ({ default: await load() });
  fetchLater(fetch);
  const Dialog = lazy(fetch);
  return function LaterDialog(props) {
    const [wasOpened, setOpened] = useState(props.opened);
    if (props.opened && !wasOpened) setOpened(true);
    return (
      wasOpened && (
        <Suspense>
          <Dialog {...props} />
        </Suspense>
      )
    );
  };
}
