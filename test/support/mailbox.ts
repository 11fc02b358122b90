/** An SMTP server on this machine that keeps what it is sent. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A message as it came. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers, an empty line, and the text. */
  readonly raw: string;
}

export interface Mailbox {
  /** With a user and a password that it asks for. */
  readonly url: string;
  readonly mails: readonly Mail[];
  /** Refuses recipients with this answer from now on; null takes them. */
  refuse(answer: string | null): void;
  close(): Promise<void>;
}

/** Starts one. */
export async function startMailbox(): Promise<Mailbox> {
  let refusal: string | null = null;
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === 'ops@solvent.test' && password === 'p@ss') done(null, { user: username });
      else done(new Error('Who are you?'));
    },
    onRcptTo(_address, _session, done) {
      done(refusal === null ? null : Object.assign(new Error(refusal), { responseCode: 550 }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://ops%40solvent.test:p%40ss@127.0.0.1:${port}`,
    mails,
    refuse(answer) {
      refusal = answer;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
