import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { searchOf, text } from '../../search.ts';
import { rootRoute } from '../../shell/route.tsx';

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  // Where one was when the session ended.
  validateSearch: searchOf({ back: text(2_000) }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'SignInPage'),
});
