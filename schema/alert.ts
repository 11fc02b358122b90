/** Alerts: what an operator should know, as it changes, and what they do about it. */
import {
  ALERT_KINDS,
  type AlertRecord,
  type AlertChange as Change,
  SEVERITIES,
  type Unanswered,
} from '../server/alerts/index.ts';
import { isPassing } from '../server/ledger/index.ts';
import type { Messages } from '../server/live/index.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { invalidArgument, notFound, unauthenticated } from './errors.ts';
import { decodeId, idHint } from './node-ids.ts';
import { endingFirst, PACE } from './subscribe.ts';

export const AlertKind = builder.enumType('AlertKind', {
  description: 'What an alert is about. `alertRules` says of each when it is told.',
  values: ALERT_KINDS,
});

export const AlertSeverity = builder.enumType('AlertSeverity', {
  description: 'How bad it is, from the least to the worst.',
  values: SEVERITIES,
});

const AlertState = builder.enumType('AlertState', {
  description: 'Whether somebody has to look at it.',
  values: {
    OPEN: { description: 'Nobody has said yet that they know of it.' },
    ACKNOWLEDGED: { description: 'An operator knows of it; its cause still holds.' },
    RESOLVED: { description: 'Its cause is gone, its window is over, or an operator has ended it.' },
  } as const,
});

const AlertChangeKind = builder.enumType('AlertChangeKind', {
  description: 'What became of an alert.',
  values: {
    OPENED: { description: 'It was told for the first time.' },
    WORSENED: { description: 'It is worse than it ever was, and open, whoever had acknowledged it.' },
    ACKNOWLEDGED: { description: 'An operator knows of it.' },
    RESOLVED: { description: 'It has ended.' },
    REOPENED: { description: 'It had been resolved, and is worse than it ever was.' },
  } as const,
});

export const AlertChange = builder.objectRef<Change>('AlertChange');

AlertChange.implement({
  description: 'A change of an alert, and the alert as it was after it. Numbered from 1, without a gap.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description: 'Rises by one with each change: ask again from the last that you saw.',
    }),
    change: t.expose('change', { type: AlertChangeKind, description: 'What became of it.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    by: t.exposeString('by', { description: '`system`, or who the operator is.' }),
    byName: t.string({
      description: "The same for people: an admin's e-mail, a key's name, or `system`.",
      resolve: ({ by }, _args, context) => context.loaders.actorName(by),
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description:
        'Why it ended, or what was noted when it was acknowledged; null where nobody said anything.',
    }),
    alert: t.field({
      type: Alert,
      description: 'The alert as it was after the change.',
      resolve: (change) => change.alert,
    }),
  }),
});

export const Alert = builder.prismaNode('Alert', {
  id: { field: 'id' },
  description: 'Something that an operator should know: one for each kind, subject and window.',
  nullable: true,
  authScopes: { scope: 'profit:read' },
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description:
        'Of its newest change. Rises by one with each change of any alert: ask again from the last you saw.',
    }),
    kind: t.expose('kind', { type: AlertKind, description: 'What it is about.' }),
    severity: t.expose('severity', { type: AlertSeverity, description: 'The worst that it has been.' }),
    state: t.expose('state', { type: AlertState, description: 'Whether somebody has to look at it.' }),
    title: t.exposeString('title', { description: 'What it is, in one line.' }),
    detail: t.exposeString('detail', { description: 'The figures when it was told, in sentences.' }),
    subject: t.string({
      nullable: true,
      description:
        "What it is about: a budget's step, a provider, a model, an account's external id; null: the whole site.",
      resolve: (alert) => (alert.subject === '' ? null : alert.subject),
    }),
    openedAt: t.expose('openedAt', { type: 'DateTime', description: 'When it was opened, or reopened.' }),
    acknowledgedAt: t.expose('acknowledgedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an operator said that they know of it.',
    }),
    acknowledgedBy: t.exposeString('acknowledgedBy', { nullable: true, description: 'Which operator.' }),
    acknowledgedByName: t.string({
      nullable: true,
      description: "The same for people: an admin's e-mail, or a key's name.",
      resolve: ({ acknowledgedBy }, _args, context) =>
        acknowledgedBy === null ? null : context.loaders.actorName(acknowledgedBy),
    }),
    resolvedAt: t.expose('resolvedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it holds.',
    }),
    resolvedBy: t.exposeString('resolvedBy', {
      nullable: true,
      description: '`system` when its cause is gone or its window is over, or who has ended it.',
    }),
    endsAt: t.expose('windowEndsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is over whatever holds then; null when it ends with its cause.',
    }),
    changes: t.field({
      type: [AlertChange],
      description: 'All that became of it, from the beginning.',
      resolve: (alert, _args, context) => context.loaders.alertChangesOf(alert.id),
    }),
  }),
});

const AlertCounts = builder.objectRef<Unanswered>('AlertCounts').implement({
  description: 'How many alerts are not over.',
  fields: (t) => ({
    open: t.exposeInt('open', { description: 'That nobody has said that they know of.' }),
    critical: t.exposeInt('critical', { description: 'Of those, the critical ones.' }),
    acknowledged: t.exposeInt('acknowledged', { description: 'That an operator knows of.' }),
    sequence: t.exposeInt('sequence', {
      description:
        'Of the newest change that is counted: `alerts(afterSequence:)` tells what comes after it.',
    }),
  }),
});

builder.queryFields((t) => ({
  alerts: t.prismaConnection({
    type: 'Alert',
    cursor: 'id',
    ...needs('profit:read', 'All alerts, the newest first.'),
    args: {
      state: t.arg({ type: AlertState, required: false, description: 'Only those.' }),
      isOver: t.arg.boolean({
        description: 'False: only those that are not resolved; true: only those that are.',
      }),
      kinds: t.arg({ type: [AlertKind], required: false, description: 'Only those of these kinds.' }),
      minimumSeverity: t.arg({
        type: AlertSeverity,
        required: false,
        description: 'Only those so bad or worse.',
      }),
      subject: t.arg.string({ description: 'Only those about this.' }),
      search: t.arg.string({
        description: 'Only those in whose title or subject this text is, in capitals or not.',
      }),
    },
    resolve: (query, _root, { state, isOver, kinds, minimumSeverity, subject, search }, context) =>
      context.core.database.prisma.alert.findMany({
        ...query,
        orderBy: { id: 'desc' },
        where: {
          ...(state ? { state } : {}),
          ...(kinds ? { kind: { in: kinds } } : {}),
          ...(minimumSeverity
            ? { severity: { in: SEVERITIES.slice(SEVERITIES.indexOf(minimumSeverity)) } }
            : {}),
          ...(subject == null ? {} : { subject }),
          AND: [
            isOver == null ? {} : { state: isOver ? 'RESOLVED' : { not: 'RESOLVED' } },
            search?.trim()
              ? {
                  OR: (['title', 'subject'] as const).map((field) => ({
                    [field]: { contains: search.trim(), mode: 'insensitive' as const },
                  })),
                }
              : {},
          ],
        },
      }),
  }),
  alertCounts: t.field({
    type: AlertCounts,
    ...needs('profit:read', 'How many alerts wait for somebody, and the number of the newest change.'),
    resolve: (_root, _args, context) => context.core.alerts.unanswered(),
  }),
  alertChanges: t.field({
    type: [AlertChange],
    ...needs('profit:read', 'The changes of alerts after a number, in their order and without a gap.'),
    args: {
      afterSequence: t.arg.int({ defaultValue: 0, description: 'The last that you saw; 0: from the first.' }),
      first: t.arg.int({ defaultValue: 100, description: 'How many at the most, up to 100.' }),
    },
    resolve: (_root, { afterSequence, first }, context) =>
      context.core.alerts.changesAfter(afterSequence ?? 0, Math.min(first ?? 100, 100)),
  }),
}));

/** Changes that are read at once. */
const MOST_AT_ONCE = 100;

/** The changes after a number as they come, each alert as it was after its change. */
async function* changesFrom(
  { alerts }: Context['core'],
  signals: Messages<number>,
  after: number,
): AsyncGenerator<AlertRecord> {
  let known = after;
  for (;;) {
    let changes: Change[] = [];
    try {
      changes = await alerts.changesAfter(known, MOST_AT_ONCE);
    } catch (error) {
      // A database that is away for a moment ends no subscription: it is asked again.
      if (!isPassing(error)) throw error;
    }
    for (const change of changes) {
      known = change.sequence;
      yield change.alert;
    }
    if (changes.length === MOST_AT_ONCE) continue;
    if ((await signals.next()).done) return;
  }
}

/** What is not resolved, and then each change: nothing that is among the first comes again. */
async function* unresolvedAndAfter(
  core: Context['core'],
  signals: Messages<number>,
): AsyncGenerator<AlertRecord> {
  const newest = await core.alerts.newestSequence();
  const unresolved = await core.database.prisma.alert.findMany({
    where: { state: { not: 'RESOLVED' } },
    orderBy: { sequence: 'asc' },
  });
  const told = new Map(unresolved.map(({ id, sequence }) => [id, sequence]));
  yield* unresolved;
  for await (const alert of changesFrom(core, signals, newest)) {
    if (alert.sequence > (told.get(alert.id) ?? 0)) yield alert;
  }
}

builder.subscriptionField('alerts', (t) =>
  t.field({
    type: Alert,
    ...needs(
      'profit:read',
      'Every change of an alert after that sequence number, in order and without a gap, then each as it comes: the alert as it was after it. Without a number: what is not resolved, then each change.',
    ),
    // Each reader begins at a number of its own.
    extensions: { scope: 'profit:read', lossless: true, shared: false },
    args: { afterSequence: t.arg.int({ description: 'The last that you saw; 0: from the first.' }) },
    subscribe: (_root, { afterSequence }, { core }) => {
      if (afterSequence != null && afterSequence < 0) {
        throw invalidArgument('afterSequence', 'Give the sequence of the last alert that you saw, or 0.');
      }
      const signals = core.live.listen('alert', 'all', PACE);
      return endingFirst(
        afterSequence == null ? unresolvedAndAfter(core, signals) : changesFrom(core, signals, afterSequence),
        signals,
      );
    },
    resolve: (alert) => alert as never,
  }),
);

/** What is thrown where an operator names an alert that is not there. */
const noAlert = (id: string) => notFound(`There is no alert ${id.slice(0, 60)}. ${idHint('Alert')}`);

const LONGEST_REASON = 1_000;

/** What an operator says of what they do, or null when that is nothing. */
function saidOf(argument: string, text: string | null | undefined): string | null {
  const said = text?.trim() || null;
  if (said && said.length > LONGEST_REASON) {
    throw invalidArgument(argument, `Give at most ${LONGEST_REASON} characters.`);
  }
  return said;
}

builder.mutationFields((t) => ({
  acknowledgeAlert: t.field({
    type: Alert,
    ...needs('protection:write', 'Say that you know of an alert. One that is not open stays as it is.'),
    args: {
      id: t.arg.id({ required: true }),
      note: t.arg.string({ description: 'What is being done about it; it is kept with the change.' }),
    },
    resolve: async (_root, args, context) => {
      if (!context.caller) throw unauthenticated();
      const note = saidOf('note', args.note);
      const id = decodeId('Alert', args.id);
      const alert = id ? await context.core.alerts.acknowledge(id, note, context.caller.actor) : null;
      if (!alert) throw noAlert(args.id);
      return alert;
    },
  }),
  resolveAlert: t.field({
    type: Alert,
    ...needs(
      'protection:write',
      'End an alert. For its window it stays resolved although its cause holds, unless it gets worse.',
    ),
    args: {
      id: t.arg.id({ required: true }),
      reason: t.arg.string({ description: 'Why; it is kept with the change.' }),
    },
    resolve: async (_root, args, context) => {
      if (!context.caller) throw unauthenticated();
      const reason = saidOf('reason', args.reason);
      const id = decodeId('Alert', args.id);
      const alert = id ? await context.core.alerts.resolve(id, reason, context.caller.actor) : null;
      if (!alert) throw noAlert(args.id);
      return alert;
    },
  }),
}));
