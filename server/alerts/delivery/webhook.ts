/** Messages to a URL: signed, by the rules of Standard Webhooks; or in the form that Slack and those like it take. */
import type { Clock } from '../../clock.ts';
import { InnerHostError } from '../../storage/index.ts';
import { signWebhook } from '../../webhook-signature.ts';
import {
  describe,
  introductionOf,
  linesOf,
  type Message,
  remainderOf,
  type Send,
  type Sent,
} from './message.ts';
import type { Post, Posted } from './post.ts';

const GONE = 410;
/** The longest that a receiver is left alone because it asked for it. */
const MOST_PAUSE_MS = 3_600_000;

function pauseOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null || !/^\d{1,6}$/.test(retryAfter)) return undefined;
  return Math.min(Number(retryAfter) * 1_000, MOST_PAUSE_MS);
}

function readPosted({ status, retryAfter, text }: Posted): Sent {
  if (status >= 200 && status < 300) return { status: 'delivered' };
  const said = text.trim().slice(0, 200);
  if (status >= 300 && status < 400) {
    return {
      status: 'failed',
      detail: `It answered ${status}: redirects are not followed. Give the URL itself.`,
    };
  }
  return {
    status: 'failed',
    detail: `It answered ${status}${said ? `: ${said}` : '.'}`,
    // Standard Webhooks: the receiver wants no more of them.
    final: status === GONE,
    retryAfterMs: pauseOf(retryAfter),
  };
}

async function send(
  post: Post,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Sent> {
  try {
    return readPosted(await post(new URL(target), headers, body));
  } catch (error) {
    if (error instanceof InnerHostError) {
      return {
        status: 'failed',
        detail: 'Its URL leads to a private address; see ALLOW_PRIVATE_URLS.',
        final: true,
      };
    }
    const { code, message } = error as { code?: unknown; message?: unknown };
    return {
      status: 'failed',
      detail: `It cannot be reached: ${String(code ?? message)}.`.replace(/\.\.$/, '.'),
    };
  }
}

/** The body for programs: `{ type, timestamp, data }`, the same at each try. */
export function webhookBody(message: Message): string {
  const type = { CHANGES: 'alerts.changed', ESCALATION: 'alerts.escalated', TEST: 'alerts.test' }[
    message.reason
  ];
  return JSON.stringify({
    type,
    timestamp: message.createdAt,
    data: { changes: message.changes.map(describe) },
  });
}

/** Signs with each of the channel's secrets. */
export function createWebhook(post: Post, clock: Clock): Send {
  return (message, { target, secrets }) => {
    const body = webhookBody(message);
    const id = `msg_${message.id}`;
    const timestamp = String(Math.floor(clock.now().getTime() / 1_000));
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signWebhook(secrets, { id, timestamp, body }),
    };
    return send(post, target, headers, body);
  };
}

const MARKS: Readonly<Record<string, string>> = {
  CRITICAL: ':red_circle:',
  WARNING: ':large_yellow_circle:',
  INFO: ':large_blue_circle:',
  RESOLVED: ':large_green_circle:',
};

/** The three characters that mean something to Slack. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The text for people, in Slack's own way of writing. */
export function slackText(message: Message): string {
  const lines = linesOf(message).map(
    ({ head, title, detail }) =>
      `${MARKS[head] ?? ''} *${head}* ${escaped(title)}${detail ? `\n${escaped(detail)}` : ''}`,
  );
  return [introductionOf(message), ...lines, remainderOf(message)].filter(Boolean).join('\n');
}

/** Slack's incoming webhooks, and those of Mattermost, Rocket.Chat and Discord (`/slack`). */
export function createSlack(post: Post): Send {
  return (message, { target }) => send(post, target, {}, JSON.stringify({ text: slackText(message) }));
}
