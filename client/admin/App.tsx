/** Everything that all pages stand in: colours, manners, toasts, the client of GraphQL, the router. */
import { MantineProvider } from '@mantine/core';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { AfterPaint } from '../ui/AfterPaint.tsx';
import { later } from '../ui/later.tsx';
import { PreferencesProvider } from '../ui/preferences.tsx';
import { cssVariables, theme } from '../ui/theme.ts';
import { currentClient } from './graphql/client.ts';
import { router } from './router.tsx';
import { session } from './session/session.ts';

const useToasts = later(() => import('../ui/Toasts.tsx').then((file) => file.Toasts));

/** A toast that comes before they are there is shown as soon as they are. */
function LaterToasts() {
  const Toasts = useToasts(true);
  return Toasts && <Toasts />;
}

export function App({ nonce }: { readonly nonce: string }) {
  const status = useSyncExternalStore(session.listen, () => session.status);
  const wasIn = useRef(false);
  useEffect(() => {
    // The way in asks again who is there, and leads to the sign-in when nobody is.
    if (status === 'out' && wasIn.current) void router.invalidate();
    wasIn.current = status === 'in';
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
            <LaterToasts />
          </AfterPaint>
          <RouterProvider router={router} />
        </Provider>
      </PreferencesProvider>
    </MantineProvider>
  );
}
