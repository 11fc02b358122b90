import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { OPERATIONS } from '../../enums.ts';
import { oneOf, searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const catalogueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/catalogue',
  validateSearch: searchOf({
    operation: oneOf(...OPERATIONS),
    only: oneOf('served', 'below-floor'),
    /** The id of the model whose dated prices and costs are shown. */
    model: text(),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'CataloguePage'),
});
