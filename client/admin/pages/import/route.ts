import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route.tsx';

export const importRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/import/$importId',
  component: lazyRouteComponent(() => import('./page.tsx'), 'ImportPage'),
});
