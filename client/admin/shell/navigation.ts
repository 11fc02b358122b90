/** Where one can go: the links at the side, the palette and the shortcuts are all made of this list. */
import IconActivity from '@tabler/icons-react/icons/IconActivityHeartbeat';
import IconAdjustments from '@tabler/icons-react/icons/IconAdjustmentsHorizontal';
import IconBell from '@tabler/icons-react/icons/IconBell';
import IconBook from '@tabler/icons-react/icons/IconBook2';
import IconBusiness from '@tabler/icons-react/icons/IconBuildingStore';
import IconPlans from '@tabler/icons-react/icons/IconCalendarDollar';
import IconChart from '@tabler/icons-react/icons/IconChartLine';
import IconFileImport from '@tabler/icons-react/icons/IconFileImport';
import IconGauge from '@tabler/icons-react/icons/IconGauge';
import IconHistory from '@tabler/icons-react/icons/IconHistory';
import IconKey from '@tabler/icons-react/icons/IconKey';
import IconPhoto from '@tabler/icons-react/icons/IconPhoto';
import IconSend from '@tabler/icons-react/icons/IconSend';
import IconSettings from '@tabler/icons-react/icons/IconSettings';
import IconTags from '@tabler/icons-react/icons/IconTags';
import IconUsers from '@tabler/icons-react/icons/IconUsers';
import IconWallet from '@tabler/icons-react/icons/IconWallet';
import type { ComponentType } from 'react';
import { OpenAlerts } from '../components/alert/OpenAlerts.tsx';
import type { PlainAddress } from '../links.tsx';

/** A page in the navigation. */
export interface Place {
  readonly to: PlainAddress;
  readonly label: string;
  /** What can be done there: the palette finds a page by it. */
  readonly about: string;
  readonly icon: typeof IconGauge;
  /** The second key of its shortcut; the first is `g`. */
  readonly key: string;
  /** What waits there for somebody, beside its name. */
  readonly mark?: ComponentType;
}

export const PLACES: readonly { readonly group: string; readonly places: readonly Place[] }[] = [
  {
    group: 'Business',
    places: [
      {
        to: '/',
        label: 'Overview',
        about: 'Profit, protection and calls, live; the emergency switch',
        icon: IconGauge,
        key: 'o',
      },
      {
        to: '/profit',
        label: 'Profit',
        about: 'Any range, grouping and filter, with charts and CSV',
        icon: IconChart,
        key: 'f',
      },
      {
        to: '/business',
        label: 'Business',
        about: 'MRR, churn, cohorts, unit economics, break-even and recommendations',
        icon: IconBusiness,
        key: 'm',
      },
      {
        to: '/books',
        label: 'Books',
        about: 'Cash, earned and deferred revenue by day, and what Stripe has told',
        icon: IconBook,
        key: 'y',
      },
      {
        to: '/budgets',
        label: 'Budgets',
        about: 'Limits on what providers may bill',
        icon: IconWallet,
        key: 'b',
      },
    ],
  },
  {
    group: 'Watch',
    places: [
      {
        to: '/alerts',
        label: 'Alerts',
        about: 'What an operator should know, open and past',
        icon: IconBell,
        key: 'l',
        mark: OpenAlerts,
      },
      {
        to: '/alert-rules',
        label: 'Alert rules',
        about: 'Thresholds, and what is told at all',
        icon: IconAdjustments,
        key: 'r',
      },
      {
        to: '/alert-channels',
        label: 'Alert channels',
        about: 'Webhooks, Slack and e-mail; quiet hours, escalation, what could not be delivered',
        icon: IconSend,
        key: 'd',
      },
    ],
  },
  {
    group: 'Customers',
    places: [
      {
        to: '/users',
        label: 'Users',
        about: 'Accounts, their ledger and grants',
        icon: IconUsers,
        key: 'u',
      },
      {
        to: '/generations',
        label: 'Generations',
        about: 'What was asked for, with attempts, cost and files',
        icon: IconPhoto,
        key: 'g',
      },
    ],
  },
  {
    group: 'Offer',
    places: [
      {
        to: '/catalogue',
        label: 'Catalogue',
        about: 'Models, costs, prices and margins',
        icon: IconTags,
        key: 'c',
      },
      {
        to: '/plans',
        label: 'Plans',
        about: 'Plans, packs and the price list; the simulator',
        icon: IconPlans,
        key: 'n',
      },
      {
        to: '/providers',
        label: 'Providers',
        about: 'Whether vendors work',
        icon: IconActivity,
        key: 'p',
      },
    ],
  },
  {
    group: 'Site',
    places: [
      {
        to: '/keys',
        label: 'API keys',
        about: 'Make and revoke keys of client apps',
        icon: IconKey,
        key: 'k',
      },
      {
        to: '/audit',
        label: 'Audit log',
        about: 'Who changed what, when and why',
        icon: IconHistory,
        key: 'a',
      },
      {
        to: '/import',
        label: 'Import',
        about: 'History that another system made, from CSV or JSON',
        icon: IconFileImport,
        key: 'i',
      },
      {
        to: '/settings',
        label: 'Settings',
        about: 'Colours, time zone, language, shortcuts',
        icon: IconSettings,
        key: 's',
      },
    ],
  },
];
