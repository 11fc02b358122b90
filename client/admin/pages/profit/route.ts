import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { day, oneOf, searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const profitRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/profit',
  validateSearch: searchOf({
    /** The last so many days, today counted; left out with `from` and `to`. */
    days: oneOf('1', '7', '30', '90'),
    /** Both counted, in the chosen time zone. */
    from: day(),
    to: day(),
    by: oneOf('PROVIDER', 'MODEL', 'OPERATION', 'TIER', 'ACCOUNT', 'COUNTRY', 'PLAN'),
    interval: oneOf('HOUR', 'DAY', 'WEEK', 'MONTH'),
    provider: text(),
    operation: oneOf(
      'GENERATE_IMAGE',
      'GENERATE_VIDEO',
      'UPSCALE_IMAGE',
      'REMOVE_BACKGROUND',
      'VECTORIZE_IMAGE',
      'DUB_VIDEO',
    ),
    tier: oneOf('FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'ProfitPage'),
});
