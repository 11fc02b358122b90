import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/users',
  validateSearch: searchOf({ search: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'UsersPage'),
});
