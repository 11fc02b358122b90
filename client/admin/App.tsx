/** Everything that all pages stand in: colours, manners, toasts, the client of GraphQL, the router. */
import { MantineProvider } from '@mantine/core';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { AfterPaint } from '../ui/AfterPaint.tsx';
import { PreferencesProvider } from '../ui/preferences.tsx';
import { cssVariables, theme } from '../ui/theme.ts';
import { currentClient } from './graphql/client.ts';
import { router } from './router.tsx';
import { session } from './session/session.ts';

// A toast that comes before they are there is shown as soon as they are.
const Toasts = lazy(() => import('../ui/Toasts.tsx').then((file) => ({ default: file.Toasts })));

export function App({ nonce }: { readonly nonce: string }) {
  const status = useSyncExternalStore(session.listen, () => session.status);
  useEffect(() => {
    // The way in asks again who is there, and leads to the sign-in when nobody is.
    if (status === 'out') void router.invalidate();
  }, [status]);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <PreferencesProvider>
        <Provider value={currentClient()}>
          <AfterPaint>
            <Suspense>
              <Toasts />
            </Suspense>
          </AfterPaint>
          <RouterProvider router={router} />
        </Provider>
      </PreferencesProvider>
    </MantineProvider>
  );
}
