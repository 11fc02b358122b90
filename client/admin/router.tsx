/** Every page by its address. A page adds its route to the list, and its link to shell/navigation.ts. */
import { createRouter } from '@tanstack/react-router';
import { alertRoute } from './pages/alert/route.ts';
import { alertChannelsRoute } from './pages/alert-channels/route.ts';
import { alertRulesRoute } from './pages/alert-rules/route.ts';
import { alertsRoute } from './pages/alerts/route.ts';
import { auditRoute } from './pages/audit/route.ts';
import { booksRoute } from './pages/books/route.ts';
import { budgetsRoute } from './pages/budgets/route.ts';
import { businessRoute } from './pages/business/route.ts';
import { catalogueRoute } from './pages/catalogue/route.ts';
import { generationRoute } from './pages/generation/route.ts';
import { generationsRoute } from './pages/generations/route.ts';
import { importRoute } from './pages/import/route.ts';
import { importsRoute } from './pages/imports/route.ts';
import { keysRoute } from './pages/keys/route.ts';
import { overviewRoute } from './pages/overview/route.ts';
import { plansRoute } from './pages/plans/route.ts';
import { profitRoute } from './pages/profit/route.ts';
import { providersRoute } from './pages/providers/route.ts';
import { settingsRoute } from './pages/settings/route.ts';
import { signInRoute } from './pages/sign-in/route.ts';
import { userRoute } from './pages/user/route.ts';
import { usersRoute } from './pages/users/route.ts';
import { rootRoute, shellRoute } from './shell/route.tsx';

const tree = rootRoute.addChildren([
  signInRoute,
  shellRoute.addChildren([
    alertChannelsRoute,
    alertRoute,
    alertRulesRoute,
    alertsRoute,
    auditRoute,
    booksRoute,
    budgetsRoute,
    businessRoute,
    catalogueRoute,
    generationRoute,
    generationsRoute,
    importRoute,
    importsRoute,
    keysRoute,
    overviewRoute,
    plansRoute,
    profitRoute,
    providersRoute,
    settingsRoute,
    userRoute,
    usersRoute,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: '/admin',
  defaultPreload: 'intent',
  defaultPreloadDelay: 80,
  scrollRestoration: true,
  // Another user or generation is another page: nothing that was watched or typed for one is kept for the other.
  defaultRemountDeps: ({ params }) => params,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
