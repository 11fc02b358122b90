import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route.tsx';

export const budgetsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/budgets',
  component: lazyRouteComponent(() => import('./page.tsx'), 'BudgetsPage'),
});
