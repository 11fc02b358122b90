import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route.tsx';

export const alertRulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/alert-rules',
  component: lazyRouteComponent(() => import('./page.tsx'), 'AlertRulesPage'),
});
