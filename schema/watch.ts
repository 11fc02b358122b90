/** What an operator watches: live profit, and each attempt as it is booked. */
import type { BookedAttempt, LiveProfit as LiveProfitRecord } from '../server/watch/index.ts';
import { builder, needs } from './builder.ts';
import { Attempt } from './generation.ts';
import { accountsOf, ProfitFilter, ProfitLine } from './profit-line.ts';
import { Protection } from './protection.ts';
import { each, present } from './subscribe.ts';

const LiveWindow = builder.enumType('LiveWindow', {
  description: 'What live profit is summed over.',
  values: {
    HOUR: { description: 'The present hour of UTC.' },
    DAY: { description: 'The present day of UTC.' },
  } as const,
});

const LiveProfit = builder.objectRef<LiveProfitRecord>('LiveProfit').implement({
  description: 'What the present hour or day has cost and earned so far.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description:
        'Rises with each state of a window that a server process tells. Another process, or a restarted one, counts by itself.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was read.' }),
    window: t.expose('window', { type: LiveWindow, description: 'What it is summed over.' }),
    protection: t.expose('protection', {
      type: Protection,
      description: 'Whether paid calls may go out, and how full the global budgets are.',
    }),
    totals: t.field({ type: ProfitLine, description: 'All calls.', resolve: (state) => state.totals }),
    byProvider: t.field({
      type: [ProfitLine],
      description: 'A line for each provider, the dearest first.',
      resolve: (state) => [...state.byProvider],
    }),
    byOperation: t.field({
      type: [ProfitLine],
      description: 'A line for each operation, the dearest first.',
      resolve: (state) => [...state.byOperation],
    }),
    topAccounts: t.field({
      type: [ProfitLine],
      description:
        'The five accounts whose calls cost most, the dearest first. May be a few seconds old on a busy day.',
      resolve: (state) => [...state.topAccounts],
    }),
    reservationsOpen: t.exposeInt('reservationsOpen', {
      description: 'Calls under way, in all processes.',
    }),
  }),
});

builder.subscriptionField('liveProfit', (t) =>
  t.field({
    type: LiveProfit,
    ...needs(
      'profit:read',
      'What the present hour or day has cost and earned: now, and after each change, at most four times a second.',
    ),
    args: {
      window: t.arg({ type: LiveWindow, defaultValue: 'DAY', description: 'What it is summed over.' }),
    },
    subscribe: async (_root, args, context) => {
      const { changes, read } = context.core.watch.liveProfit(args.window ?? 'DAY');
      try {
        return present(context, {
          first: await read(),
          changes,
          read,
          // The same state is the same object.
          isSame: (before, after) => before === after,
          isLast: () => false,
        });
      } catch (error) {
        await changes.return();
        throw error;
      }
    },
    resolve: (state: LiveProfitRecord) => state,
  }),
);

type Filter = (typeof ProfitFilter)['$inferInput'];

/** @throws INVALID_INPUT for what is no account's id. */
function readFilter(filter: Filter | null | undefined): (attempt: BookedAttempt) => boolean {
  const accounts = accountsOf(filter);
  const has = <Value>(list: readonly Value[] | null | undefined, value: Value) =>
    !list || list.includes(value);
  return (attempt) =>
    has(filter?.providers, attempt.provider) &&
    has(filter?.models, attempt.model) &&
    has(filter?.operations, attempt.operation) &&
    has(filter?.tiers, attempt.tier) &&
    has(accounts, attempt.accountId) &&
    has(filter?.countries, attempt.country ?? '') &&
    has(filter?.plans, attempt.planId ?? '');
}

/** Attempts that whoever begins to watch is told first. */
const RECENT = 10;

builder.subscriptionField('attempts', (t) =>
  t.field({
    type: Attempt,
    ...needs(
      'profit:read',
      'Each provider call as it is booked, in groups at most four times a second; first the newest ten. Where more are booked than can be told, `extensions.skipped` of the next event says how many were left out.',
    ),
    extensions: { scope: 'profit:read', lossless: true },
    args: { filter: t.arg({ type: ProfitFilter, description: 'Which calls are told.' }) },
    subscribe: async (_root, args, context) => {
      const matches = readFilter(args.filter);
      const { watch } = context.core;
      const groups = await watch.attempts();
      try {
        const recent = await watch.recentAttempts(matches, RECENT);
        return each(context, { first: recent, groups, matches, isSame: isSameAttempt });
      } catch (error) {
        await groups.return();
        throw error;
      }
    },
    resolve: (attempt: BookedAttempt) => attempt as never,
  }),
);

const isSameAttempt = (one: BookedAttempt, other: BookedAttempt) =>
  one.generationId === other.generationId && one.number === other.number;
