/** Where alerts are delivered to, and what has become of each message. */
import {
  type Channel,
  type ChannelInput,
  type ChannelProblem,
  type SavedChannel,
  shownTarget,
  timeOf,
} from '../server/alerts/index.ts';
import { AlertChange, AlertKind, AlertSeverity } from './alert.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { notFound, unauthenticated } from './errors.ts';
import { decodeId, encodeId, idHint, NOBODY } from './node-ids.ts';
import { InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';

const AlertChannelKind = builder.enumType('AlertChannelKind', {
  description: 'How messages go out.',
  values: {
    WEBHOOK: { description: 'POST of JSON to a URL, signed by the rules of Standard Webhooks.' },
    SLACK: { description: 'POST of `{"text"}`, as Slack, Mattermost and Discord (`…/slack`) take it.' },
    EMAIL: { description: 'E-mail by SMTP_URL.' },
  } as const,
});

const AlertChannel = builder.objectRef<Channel>('AlertChannel');

builder.node(AlertChannel, {
  description: 'Where alerts are delivered to.',
  id: { resolve: (channel) => channel.id },
  authScopes: { scope: 'admin' },
  loadOne: (id, context) => context.core.alerts.deliveries.channel(id),
  fields: (t) => ({
    kind: t.expose('kind', { type: AlertChannelKind, description: 'How messages go out.' }),
    name: t.exposeString('name', { description: 'What it is for.' }),
    target: t.string({
      description: 'Whom it reaches. A part that may be a key is left out: a path of Slack, a query.',
      resolve: shownTarget,
    }),
    enabled: t.exposeBoolean('enabled', { description: 'Whether it gets anything.' }),
    minimumSeverity: t.expose('minimumSeverity', {
      type: AlertSeverity,
      description: 'It gets alerts that are so bad or worse.',
    }),
    kinds: t.field({
      type: [AlertKind],
      description: 'It gets alerts of these kinds; empty: of all.',
      resolve: (channel) => [...channel.kinds],
    }),
    escalationsOnly: t.exposeBoolean('escalationsOnly', {
      description: 'Whether it gets nothing but what other channels escalate to it.',
    }),
    tellsResolved: t.exposeBoolean('tellsResolved', {
      description: 'Whether it also tells of alerts that have ended.',
    }),
    groupSeconds: t.exposeInt('groupSeconds', {
      description: 'How long what is not critical waits for more, so that it goes as one message.',
    }),
    quietFrom: t.string({
      nullable: true,
      description: 'Between these times of the day nothing goes but what is critical; null: at any time.',
      resolve: ({ quietFromMinute }) => (quietFromMinute === null ? null : timeOf(quietFromMinute)),
    }),
    quietTo: t.string({
      nullable: true,
      description: 'When what was held back goes, as one message.',
      resolve: ({ quietToMinute }) => (quietToMinute === null ? null : timeOf(quietToMinute)),
    }),
    timeZone: t.exposeString('timeZone', { description: 'IANA name, of the quiet hours.' }),
    escalateAfterMinutes: t.exposeInt('escalateAfterMinutes', {
      nullable: true,
      description: 'After so long an alert that nobody has acknowledged goes to `escalateTo`; null: never.',
    }),
    escalateTo: t.field({
      type: AlertChannel,
      nullable: true,
      description: 'Whom it escalates to.',
      resolve: ({ escalateToId }, _args, context) =>
        escalateToId ? context.loaders.alertChannel(escalateToId) : null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
  }),
});

const AlertDeliveryState = builder.enumType('AlertDeliveryState', {
  description: 'What has become of a message.',
  values: {
    WAITING: { description: 'Its time has not come: it gathers, waits out quiet hours, or is tried again.' },
    SENDING: { description: 'It is under way.' },
    DELIVERED: { description: 'Its receiver has taken it.' },
    DEAD: { description: 'No further try is made, unless it is asked for by `retryDelivery`.' },
  } as const,
});

const AlertDeliveryReason = builder.enumType('AlertDeliveryReason', {
  description: 'Why a message was made.',
  values: {
    CHANGES: { description: 'Alerts have changed.' },
    ESCALATION: { description: 'Nobody has acknowledged alerts that another channel told of.' },
    TEST: { description: 'An operator has asked for it.' },
  } as const,
});

builder.prismaNode('AlertDelivery', {
  id: { field: 'id' },
  nullable: true,
  description: 'A message to a channel.',
  authScopes: { scope: 'admin' },
  fields: (t) => ({
    channelId: t.id({
      description: 'Of the channel, which may have been removed.',
      resolve: (delivery) => encodeId('AlertChannel', delivery.channelId),
    }),
    channelName: t.string({
      description: 'Of the channel.',
      select: { channel: { select: { name: true } } },
      resolve: (delivery) => delivery.channel.name,
    }),
    reason: t.expose('reason', { type: AlertDeliveryReason, description: 'Why it was made.' }),
    state: t.expose('state', { type: AlertDeliveryState, description: 'What has become of it.' }),
    attempts: t.exposeInt('attempts', { description: 'Tries so far.' }),
    dueAt: t.expose('dueAt', {
      type: 'DateTime',
      description: 'When its next try may be made, while it waits.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why the last try failed; null when none has.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    deliveredAt: t.expose('deliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its receiver took it.',
    }),
    changes: t.field({
      type: [AlertChange],
      description: 'What it tells of.',
      resolve: (delivery, _args, context) => context.loaders.alertChanges(delivery.sequences),
    }),
  }),
});

builder.queryFields((t) => ({
  alertChannels: t.field({
    type: [AlertChannel],
    ...needs('admin', 'Every channel, in the order in which they were made.'),
    resolve: (_root, _args, context) => context.core.alerts.deliveries.channels(),
  }),
  alertDeliveries: t.prismaConnection({
    type: 'AlertDelivery',
    cursor: 'id',
    ...needs(
      'admin',
      'Messages of the alerts, the newest first. Those that are DEAD wait for `retryDelivery`.',
    ),
    args: {
      state: t.arg({ type: AlertDeliveryState, required: false, description: 'Only those.' }),
      channelId: t.arg.id({ description: 'Only those to this channel.' }),
    },
    resolve: (query, _root, { state, channelId }, context) => {
      const id = channelId == null ? null : decodeId('AlertChannel', channelId);
      if (channelId != null && id === null) throw noChannel(channelId);
      return context.core.database.prisma.alertDelivery.findMany({
        ...query,
        orderBy: { id: 'desc' },
        where: { ...(state ? { state } : {}), ...(id ? { channelId: id } : {}) },
      });
    },
  }),
}));

const noChannel = (id: string) =>
  notFound(`There is no alert channel ${id.slice(0, 60)}. ${idHint('AlertChannel')}`);
const noDelivery = (id: string) =>
  notFound(`There is no dead delivery ${id.slice(0, 60)}. ${idHint('AlertDelivery')}`);

const AlertChannelInput = builder.inputType('AlertChannelInput', {
  description: 'What is to hold of a channel. What is left out stays as it is, or is as said.',
  fields: (t) => ({
    name: t.string({ description: 'What it is for, in 1 to 100 characters. A new channel needs one.' }),
    target: t.string({
      description:
        'A URL, or e-mail addresses with commas between them. A new channel needs it. URLs into the own network need ALLOW_PRIVATE_URLS=on.',
    }),
    enabled: t.boolean({ description: 'Whether it gets anything; true in a new one.' }),
    minimumSeverity: t.field({ type: AlertSeverity, description: 'WARNING in a new one.' }),
    kinds: t.field({ type: [AlertKind], description: 'Empty: all, as in a new one.' }),
    escalationsOnly: t.boolean({
      description: 'Nothing but what others escalate to it; false in a new one.',
    }),
    tellsResolved: t.boolean({ description: 'Also what has ended; true in a new one.' }),
    groupSeconds: t.int({
      description: 'How long what is not critical waits for more: 0 to 3600; 60 in a new one.',
    }),
    quietFrom: t.string({
      description: 'A time of the day, "22:00"; two empty texts take the quiet hours away.',
    }),
    quietTo: t.string({ description: 'A time of the day, "07:00".' }),
    timeZone: t.string({ description: 'IANA name, of the quiet hours; UTC in a new one.' }),
    escalateAfterMinutes: t.int({ description: '1 to 10080; 0 takes the escalation away.' }),
    escalateToId: t.id({ description: 'Another channel.' }),
  }),
});

interface Saved {
  readonly channel: Channel;
  readonly secret: string | null;
}

const SavedAlertChannel = builder.objectRef<Saved>('SavedAlertChannel').implement({
  description: 'A channel as it is now.',
  fields: (t) => ({
    channel: t.field({ type: AlertChannel, description: 'The channel.', resolve: (saved) => saved.channel }),
    secret: t.exposeString('secret', {
      nullable: true,
      description:
        'By which its receiver verifies messages (`whsec_…`). Shown this once, of a webhook that is new.',
    }),
  }),
});

const SaveAlertChannelResult = builder.unionType('SaveAlertChannelResult', {
  description: 'The channel as it is now, or what is wrong with the input.',
  types: [SavedAlertChannel, InvalidInputError],
  resolveType: resolveOutcome('SavedAlertChannel'),
});

type GivenInput = Omit<ChannelInput, 'escalateToId'> & { readonly escalateToId?: string | null | undefined };

/** An id of the outside in the place of the database's own; one that is none is a channel that is not there. */
const readInput = ({ escalateToId, ...input }: GivenInput): ChannelInput => ({
  ...input,
  ...(escalateToId == null ? {} : { escalateToId: decodeId('AlertChannel', escalateToId) ?? NOBODY }),
});

const savedOf = (saved: SavedChannel) =>
  saved.status === 'saved' ? saved : invalidInput(saved.fields as readonly ChannelProblem[]);

/** The actor, or an error when nobody is known. */
function actorOf(context: Context): string {
  if (!context.caller) throw unauthenticated();
  return context.caller.actor;
}

builder.mutationFields((t) => ({
  createAlertChannel: t.field({
    type: SaveAlertChannelResult,
    ...needs('admin', 'Deliver alerts to a URL or by e-mail.'),
    args: {
      kind: t.arg({ type: AlertChannelKind, required: true, description: 'How messages go out.' }),
      input: t.arg({ type: AlertChannelInput, required: true }),
    },
    resolve: async (_root, { kind, input }, context) =>
      savedOf(await context.core.alerts.deliveries.createChannel(kind, readInput(input), actorOf(context))),
  }),
  updateAlertChannel: t.field({
    type: SaveAlertChannelResult,
    ...needs('admin', 'Change a channel.'),
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: AlertChannelInput, required: true }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('AlertChannel', args.id);
      const { deliveries } = context.core.alerts;
      const saved = id ? await deliveries.changeChannel(id, readInput(args.input), actorOf(context)) : null;
      if (!saved) throw noChannel(args.id);
      return savedOf(saved);
    },
  }),
  removeAlertChannel: t.boolean({
    ...needs('admin', 'Remove a channel. What waits for it is dead. False when it is not there.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('AlertChannel', args.id);
      return id ? context.core.alerts.deliveries.removeChannel(id, actorOf(context)) : false;
    },
  }),
  rotateAlertChannelSecret: t.string({
    ...needs('admin', 'Another secret for a webhook, shown this once. The one before signs too for a day.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('AlertChannel', args.id);
      const secret = id ? await context.core.alerts.deliveries.rotateSecret(id, actorOf(context)) : null;
      if (secret === null) throw notFound(`There is no webhook ${args.id.slice(0, 60)}.`);
      return secret;
    },
  }),
  testAlertChannel: t.prismaField({
    type: 'AlertDelivery',
    ...needs('admin', 'Send a test at once, and say what came of it. It is tried once.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (query, _root, args, context) => {
      const id = decodeId('AlertChannel', args.id);
      const made = id ? await context.core.alerts.deliveries.test(id) : null;
      if (made === null) throw noChannel(args.id);
      return context.core.database.prisma.alertDelivery.findUniqueOrThrow({ ...query, where: { id: made } });
    },
  }),
  retryDelivery: t.prismaField({
    type: 'AlertDelivery',
    ...needs('admin', 'Try a message anew that is dead.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (query, _root, args, context) => {
      const id = decodeId('AlertDelivery', args.id);
      if (!id || !(await context.core.alerts.deliveries.retry(id, actorOf(context))))
        throw noDelivery(args.id);
      return context.core.database.prisma.alertDelivery.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
