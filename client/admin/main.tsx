/** Starts the admin. Mantine's styles are in a layer, so that those of our components count before them, whichever comes first. */
import '@mantine/core/styles.layer.css';
import './admin.css';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isFetchingQuietly } from '../ui/later.tsx';
import { App } from './App.tsx';
import { live } from './graphql/client.ts';
import { session } from './session/session.ts';

/** The server's, for the few styles that come to be while the page runs; see server/http/pages.ts. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
// Of the library that keeps the page from scrolling behind a dialog.
setNonce(nonce);

// A part of the page that is not there any more is one of an older version than the server's. One that nobody waits for can wait.
window.addEventListener('vite:preloadError', () => {
  const key = 'solvent.reloaded';
  if (isFetchingQuietly() || sessionStorage.getItem(key) === window.location.href) return;
  // A server that cannot be reached has no newer version either: the page stays, and says that it is cut off.
  fetch('/health/live', { cache: 'no-store' }).then(
    () => {
      sessionStorage.setItem(key, window.location.href);
      window.location.reload();
    },
    () => {},
  );
});

// What is seen first is watched: the connection is made while it is drawn.
if (session.status === 'in') live.open();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App nonce={nonce} />
    </StrictMode>,
  );
}
