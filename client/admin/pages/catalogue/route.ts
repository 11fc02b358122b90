import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const catalogueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/catalogue',
  validateSearch: searchOf({
    operation: oneOf(
      'GENERATE_IMAGE',
      'GENERATE_VIDEO',
      'UPSCALE_IMAGE',
      'REMOVE_BACKGROUND',
      'VECTORIZE_IMAGE',
      'DUB_VIDEO',
    ),
    only: oneOf('served', 'below-floor'),
    /** The id of the model whose dated prices and costs are shown. */
    model: text(),
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'CataloguePage'),
});
