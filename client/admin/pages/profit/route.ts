import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { day, searchOf } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';
import { READERS } from './question.ts';

export const profitRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/profit',
  validateSearch: searchOf({
    ...READERS,
    /** Both counted, in the chosen time zone. */
    from: day(),
    to: day(),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'ProfitPage'),
});
