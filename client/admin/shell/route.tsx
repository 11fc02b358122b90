/** The frame of all pages but the sign-in: whoever comes here has to be signed in. */
import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { knowViewer } from '../session/viewer.ts';
import { NotFound, Problem } from './problems.tsx';

export const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Problem,
});

export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  // A loader and no `beforeLoad`: what the page is made of is fetched while the server is asked who looks at it.
  loader: async ({ location }) => {
    if (await knowViewer()) return;
    const back = location.href === '/' ? undefined : location.href;
    throw redirect({ to: '/sign-in', search: { back }, replace: true });
  },
  component: lazyRouteComponent(() => import('./Shell.tsx'), 'Shell'),
  errorComponent: Problem,
});
