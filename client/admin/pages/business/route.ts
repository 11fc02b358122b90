import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { day, oneOf, searchOf } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const businessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/business',
  validateSearch: searchOf({
    /** The last so many days, today counted; left out with `from` and `to`. */
    days: oneOf('30', '90', '365'),
    /** Both counted, in the chosen time zone. */
    from: day(),
    to: day(),
    /** What the cells of the cohorts tell. */
    cohorts: oneOf('retained', 'revenue', 'profit'),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'BusinessPage'),
});
