import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { day, oneOf, searchOf } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const booksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/books',
  validateSearch: searchOf({
    /** The last so many days, today counted; left out with `from` and `to`. */
    days: oneOf('7', '30', '90', '365'),
    /** Both counted, in the chosen time zone. */
    from: day(),
    to: day(),
    /** The day whose rows are shown. */
    day: day(),
    show: oneOf('days', 'events'),
    /** Which events of Stripe. */
    state: oneOf('KEPT', 'DONE'),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'BooksPage'),
});
