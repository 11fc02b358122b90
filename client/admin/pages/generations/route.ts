import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, searchOf } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const generationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/generations',
  validateSearch: searchOf({ status: oneOf('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED') }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'GenerationsPage'),
});
