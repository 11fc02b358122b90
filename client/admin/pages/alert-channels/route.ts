import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { oneOf, searchOf, text } from '../../search.ts';
import { shellRoute } from '../../shell/route.tsx';

export const alertChannelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/alert-channels',
  validateSearch: searchOf({ state: oneOf('WAITING', 'SENDING', 'DELIVERED', 'DEAD'), channel: text(60) }),
  component: lazyRouteComponent(() => import('./page.tsx'), 'AlertChannelsPage'),
});
