/** Messages by e-mail, over the operator's SMTP server. nodemailer is imported here and nowhere else. */
import type { Transporter } from 'nodemailer';
import { introductionOf, linesOf, type Message, remainderOf, type Send, subjectOf } from './message.ts';

const TIMEOUT_MS = 10_000;
/** For a whole message; less than a message is claimed for. */
const MOST_MS = 30_000;

/** The text, for people. */
export function emailText(message: Message): string {
  const lines = linesOf(message).map(
    ({ head, title, detail }) => `${head}  ${title}${detail ? `\n${detail}` : ''}`,
  );
  return `${[introductionOf(message), ...lines, remainderOf(message)].filter(Boolean).join('\n\n')}\n`;
}

function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It did not take the message within ${ms / 1000} s.`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * Sends by an SMTP server.
 *
 * @param smtp undefined where none is configured: every message then fails, and says so.
 */
export function createEmail(smtp: { readonly url: string; readonly from: string } | undefined): Send {
  let transport: Promise<Transporter> | undefined;
  const open = async (url: string): Promise<Transporter> => {
    // Loaded when the first message goes: a start without e-mail does without it.
    const { createTransport } = await import('nodemailer');
    return createTransport({
      url,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  };
  return async (message, { target }) => {
    if (!smtp)
      return { status: 'failed', detail: 'SMTP_URL is not set: there is no server to send e-mail by.' };
    try {
      transport ??= open(smtp.url);
      const sending = (await transport).sendMail({
        from: smtp.from,
        to: target.split(','),
        subject: subjectOf(message),
        text: emailText(message),
        // The same at each try: a mailbox that has had it knows it again.
        messageId: `<${message.id}@solvent>`,
        headers: { 'auto-submitted': 'auto-generated' },
      });
      await within(sending, MOST_MS);
      return { status: 'delivered' };
    } catch (error) {
      const {
        responseCode,
        code,
        message: said,
      } = error as {
        responseCode?: unknown;
        code?: unknown;
        message?: unknown;
      };
      const detail = [responseCode ?? code, said].filter(Boolean).join(': ');
      return { status: 'failed', detail: `The e-mail could not be sent: ${detail}`.slice(0, 300) };
    }
  };
}
