import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { readUses } from '../../components/plan/uses.ts';
import { oneOf, searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const plansRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/plans',
  validateSearch: searchOf({
    show: oneOf('offers', 'versions', 'simulator'),
    /** The simulator's scenario: a plan, and what stands in the place of its figures; or a price of one's own. */
    plan: text(),
    interval: oneOf('MONTH', 'YEAR'),
    price: text(20),
    credits: text(12),
    uses: readUses,
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'PlansPage'),
});
