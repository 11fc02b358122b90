/** Everything that all pages stand in: colours, manners, toasts, the client of GraphQL, the router. */
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { PreferencesProvider } from '../ui/preferences.tsx';
import { cssVariables, theme } from '../ui/theme.ts';
import { currentClient } from './graphql/client.ts';
import { router } from './router.tsx';
import { session } from './session/session.ts';

export function App({ nonce }: { readonly nonce: string }) {
  const status = useSyncExternalStore(session.listen, () => session.state.status);
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
          <Notifications position="bottom-right" limit={4} />
          <RouterProvider router={router} />
        </Provider>
      </PreferencesProvider>
    </MantineProvider>
  );
}
