import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, searchOf } from '../../search.ts';
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
  }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'CataloguePage'),
});
