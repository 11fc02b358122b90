import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route.tsx';

export const generationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/generations/$generationId',
  component: lazyRouteComponent(() => import('./page.tsx'), 'GenerationPage'),
});
