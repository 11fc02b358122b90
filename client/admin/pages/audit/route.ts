import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/audit',
  validateSearch: searchOf({ action: text() }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'AuditPage'),
});
