/** Channels as operators give them: checked, with what would be right for each thing that is wrong. */

import type { Sql } from '../../database/index.ts';
import { isInnerHost } from '../../storage/index.ts';
import { isTimeZone } from '../../time-zone.ts';
import { ALERT_KINDS, type AlertKind, type AlertSeverity } from '../types.ts';
import { type Channel, type ChannelKind, readChannels } from './statements.ts';

/** What an operator gives. What is left out stays as it is, or is as most would have it in a new channel. */
export interface ChannelInput {
  readonly name?: string | null | undefined;
  /** A URL, or e-mail addresses with commas between them. */
  readonly target?: string | null | undefined;
  readonly minimumSeverity?: AlertSeverity | null | undefined;
  readonly kinds?: readonly AlertKind[] | null | undefined;
  readonly escalationsOnly?: boolean | null | undefined;
  readonly tellsResolved?: boolean | null | undefined;
  readonly groupSeconds?: number | null | undefined;
  /** `22:00`; an empty text in both takes the quiet hours away. */
  readonly quietFrom?: string | null | undefined;
  readonly quietTo?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  /** 0 takes the escalation away. */
  readonly escalateAfterMinutes?: number | null | undefined;
  readonly escalateToId?: string | null | undefined;
  readonly enabled?: boolean | null | undefined;
}

/** An argument that cannot be, with what would be right. */
export interface ChannelProblem {
  readonly path: string;
  readonly message: string;
}

/** What a channel is checked by. */
export interface ChannelRules {
  readonly allowPrivateHosts: boolean;
  /** Whether e-mail can be sent. */
  readonly hasSmtp: boolean;
}

const LONGEST_NAME = 100;
const LONGEST_TARGET = 2_000;
const MOST_CHANNELS = 100;
const MOST_GROUP_SECONDS = 3_600;
const MOST_ESCALATE_MINUTES = 10_080;
const EMAIL = /^[^\s@,<>"()]+@[^\s@,<>"()]+\.[^\s@,<>"()]+$/;
/** What is wrong with a time zone that nobody knows. */
export const TIME_ZONE_HINT = 'Give a time zone by its IANA name, such as "Europe/Berlin".';
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** `22:30` in minutes; null for a text that is none. */
function minuteOf(text: string): number | null {
  const match = TIME.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : null;
}

/** `22:30` of a minute of the day. */
export function timeOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** What may be shown of a target: a Slack URL is a key, and so may the path and the query of any be. */
export function shownTarget({ kind, target }: Pick<Channel, 'kind' | 'target'>): string {
  if (kind === 'EMAIL') return target;
  const url = URL.parse(target);
  if (!url) return '…';
  return kind === 'WEBHOOK' && url.search === '' ? `${url.origin}${url.pathname}` : `${url.origin}/…`;
}

function targetProblem(kind: ChannelKind, target: string, rules: ChannelRules): string | null {
  if (target.length > LONGEST_TARGET) return `Give at most ${LONGEST_TARGET} characters.`;
  if (kind === 'EMAIL') {
    if (!rules.hasSmtp) return 'Set SMTP_URL first: there is no server to send e-mail by.';
    return target.split(',').every((address) => EMAIL.test(address))
      ? null
      : 'Give e-mail addresses, with commas between them: "ops@example.com".';
  }
  const example =
    kind === 'SLACK' ? 'https://hooks.slack.com/services/…' : 'https://example.com/hooks/solvent';
  const url = URL.parse(target);
  if (!url || !/^https?:$/.test(url.protocol)) return `Give an http or https URL, such as ${example}.`;
  if (url.username !== '' || url.password !== '') {
    return 'The URL has a user name or a password in it. Give one without: receivers know us by the signature.';
  }
  if (!rules.allowPrivateHosts && isInnerHost(url)) {
    return 'The URL leads to a private address. Give a public one, or set ALLOW_PRIVATE_URLS=on.';
  }
  return null;
}

const SHIPPED: Omit<Channel, 'id' | 'kind' | 'name' | 'target' | 'createdAt' | 'updatedAt'> = {
  minimumSeverity: 'WARNING',
  kinds: [],
  escalationsOnly: false,
  tellsResolved: true,
  groupSeconds: 60,
  quietFromMinute: null,
  quietToMinute: null,
  timeZone: 'UTC',
  escalateAfterMinutes: null,
  escalateToId: null,
  enabled: true,
};

/** A new channel before anything is said of it. */
export function blankChannel(id: string, kind: ChannelKind, now: Date): Channel {
  return { ...SHIPPED, id, kind, name: '', target: '', createdAt: now, updatedAt: now };
}

/** A channel with what an input says of it, or what is wrong with that. */
export async function applyInput(
  sql: Sql,
  channel: Channel,
  input: ChannelInput,
  rules: ChannelRules,
  now: Date,
): Promise<{ readonly channel: Channel } | { readonly fields: readonly ChannelProblem[] }> {
  const fields: ChannelProblem[] = [];
  const refuse = (path: string, message: string) => fields.push({ path, message });

  const name = (input.name ?? channel.name).trim();
  if (name === '' || name.length > LONGEST_NAME)
    refuse('name', `A name has 1 to ${LONGEST_NAME} characters.`);

  const given = input.target ?? channel.target;
  const target =
    channel.kind === 'EMAIL'
      ? given
          .split(/\s*,\s*/)
          .join(',')
          .trim()
      : given.trim();
  const wrongTarget = targetProblem(channel.kind, target, rules);
  if (wrongTarget) refuse('target', wrongTarget);

  const groupSeconds = input.groupSeconds ?? channel.groupSeconds;
  if (groupSeconds < 0 || groupSeconds > MOST_GROUP_SECONDS) {
    refuse('groupSeconds', `Give 0 to ${MOST_GROUP_SECONDS} seconds.`);
  }

  const timeZone = input.timeZone ?? channel.timeZone;
  // One that is kept already may have been taken before it was refused: it is no reason to refuse what else is changed.
  if (timeZone !== channel.timeZone && !isTimeZone(timeZone)) refuse('timeZone', TIME_ZONE_HINT);

  const quiet = readQuiet(channel, input);
  if ('problem' in quiet) fields.push(quiet.problem);

  const escalation = await readEscalation(sql, channel, input);
  if ('problem' in escalation) fields.push(escalation.problem);

  if (channel.name === '' && (await readChannels(sql)).length >= MOST_CHANNELS) {
    refuse('name', `There are ${MOST_CHANNELS} channels already; remove one first.`);
  }
  if (fields.length > 0 || 'problem' in quiet || 'problem' in escalation) return { fields };

  return {
    channel: {
      ...channel,
      name,
      target,
      groupSeconds,
      timeZone,
      ...quiet,
      ...escalation,
      minimumSeverity: input.minimumSeverity ?? channel.minimumSeverity,
      kinds: input.kinds ? ALERT_KINDS.filter((kind) => input.kinds?.includes(kind)) : channel.kinds,
      escalationsOnly: input.escalationsOnly ?? channel.escalationsOnly,
      tellsResolved: input.tellsResolved ?? channel.tellsResolved,
      enabled: input.enabled ?? channel.enabled,
      updatedAt: now,
    },
  };
}

function readQuiet(
  channel: Channel,
  { quietFrom, quietTo }: ChannelInput,
): Pick<Channel, 'quietFromMinute' | 'quietToMinute'> | { readonly problem: ChannelProblem } {
  const { quietFromMinute, quietToMinute } = channel;
  if (quietFrom == null && quietTo == null) return { quietFromMinute, quietToMinute };
  if (quietFrom === '' && quietTo === '') return { quietFromMinute: null, quietToMinute: null };
  const from = quietFrom == null ? quietFromMinute : minuteOf(quietFrom);
  const to = quietTo == null ? quietToMinute : minuteOf(quietTo);
  if (from === null || to === null || from === to) {
    const path = from === null ? 'quietFrom' : 'quietTo';
    return {
      problem: {
        path,
        message: 'Give both times of the day, such as "22:00" and "07:00"; two empty texts take them away.',
      },
    };
  }
  return { quietFromMinute: from, quietToMinute: to };
}

async function readEscalation(
  sql: Sql,
  channel: Channel,
  input: ChannelInput,
): Promise<Pick<Channel, 'escalateAfterMinutes' | 'escalateToId'> | { readonly problem: ChannelProblem }> {
  const minutes = input.escalateAfterMinutes ?? channel.escalateAfterMinutes;
  const toId = input.escalateToId ?? channel.escalateToId;
  if (minutes === 0 || (minutes === null && toId === null)) {
    return { escalateAfterMinutes: null, escalateToId: null };
  }
  const refuse = (path: string, message: string) => ({ problem: { path, message } });
  if (minutes === null || minutes < 0 || minutes > MOST_ESCALATE_MINUTES) {
    return refuse(
      'escalateAfterMinutes',
      `Give 1 to ${MOST_ESCALATE_MINUTES} minutes; 0 takes the escalation away.`,
    );
  }
  if (toId === null || toId === channel.id || (await readChannels(sql, toId)).length === 0) {
    return refuse('escalateToId', 'Give the id of another channel that is there.');
  }
  return { escalateAfterMinutes: minutes, escalateToId: toId };
}
