import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ALL_KINDS } from '../../components/alert/words.ts';
import { oneOf, searchOf, someOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const alertsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/alerts',
  validateSearch: searchOf({
    show: oneOf('open', 'known', 'over', 'all'),
    severity: oneOf('INFO', 'WARNING', 'CRITICAL'),
    rules: someOf(...ALL_KINDS),
    search: text(),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'AlertsPage'),
});
