import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, searchOf } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const userRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/users/$accountId',
  validateSearch: searchOf({ show: oneOf('entries', 'grants', 'payments', 'generations') }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'UserPage'),
});
