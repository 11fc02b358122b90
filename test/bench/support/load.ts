/**
 * The load generator: a program of its own that sends one prepared POST over and over on raw keep-alive sockets, one
 * request at a time on each. Only the idempotency key and the account are written anew, into the same bytes, and of an
 * answer only what the bench must know is read: that a request costs little here leaves the processor to what is measured.
 */
import { connect, type Socket } from 'node:net';
import { quantile } from './statistics.ts';
import { answerBench } from './worker.ts';

/** In a body, wherever they stand, the 16 characters that become a key of the request's own. */
export const KEY = '$$key$$$$$$$$$$$';
/** In a body, the characters that become one of `accounts`. */
export const ACCOUNT = 'acc_00000000-0000-0000-0000-000000000000';

export interface Load {
  /** `http://127.0.0.1:4000/graphql` */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** As long as {@link ACCOUNT} each. */
  readonly accounts: readonly string[];
  /** What a good answer has in it. */
  readonly expect: string;
  readonly concurrency: number;
  readonly seconds: number;
  /** Answers after which it ends, if they come before the time is over. */
  readonly calls?: number;
}

export interface LoadResult {
  /** Good answers that came within the time. */
  readonly calls: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Answers without what was expected, and broken connections. */
  readonly failures: number;
  /** The first of them. */
  readonly failure: string | null;
  /** Processor time of this program, in milliseconds for each call. */
  readonly cpuMs: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('\r\n0\r\n\r\n');
/** Keys of one run of the bench are unlike those of another. */
const tag = Math.floor(Math.random() * 36 ** 6)
  .toString(36)
  .padStart(6, '0');
let keys = 0;

interface Tally {
  readonly took: number[];
  failures: number;
  failure: string | null;
}

async function run(load: Load): Promise<LoadResult> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const tally: Tally = { took: [], failures: 0, failure: null };
  const until = startedAt + load.seconds * 1000;
  const goesOn = () =>
    performance.now() < until && (load.calls === undefined || tally.took.length < load.calls);
  await Promise.all(Array.from({ length: load.concurrency }, () => drive(load, tally, goesOn)));
  const endedAt = load.calls === undefined ? until : performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  const calls = tally.took.length;
  return {
    calls,
    perSecond: calls / ((endedAt - startedAt) / 1000),
    p50: quantile(tally.took, 0.5),
    p99: quantile(tally.took, 0.99),
    most: tally.took.at(-1) ?? Number.NaN,
    failures: tally.failures,
    failure: tally.failure,
    cpuMs: (cpu.user + cpu.system) / 1000 / calls,
  };
}

/** One connection: sends, waits for the whole answer, sends again. Resolves when it is over. */
function drive(load: Load, tally: Tally, goesOn: () => boolean): Promise<void> {
  const { request, write } = prepare(load);
  const expected = Buffer.from(load.expect);
  const url = new URL(load.url);
  return new Promise((resolve) => {
    let answer: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    const socket: Socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    const fail = (what: string) => {
      tally.failures += 1;
      tally.failure ??= what;
    };
    const send = () => {
      write();
      sentAt = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('data', (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
      if (!isWhole(answer)) return;
      if (answer.includes(expected)) {
        if (goesOn()) tally.took.push(performance.now() - sentAt);
      } else {
        fail(answer.toString('utf8').slice(0, 2_000));
      }
      answer = Buffer.alloc(0);
      if (goesOn()) send();
      else socket.end();
    });
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => {
      if (goesOn()) fail('The connection was closed.');
      resolve();
    });
  });
}

/** The bytes of a request, and what writes the next key and account into them. */
function prepare(load: Load): { request: Buffer; write: () => void } {
  const url = new URL(load.url);
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    'connection: keep-alive',
    'content-type: application/json',
    'accept: application/json',
    `content-length: ${Buffer.byteLength(load.body)}`,
    ...Object.entries(load.headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  const request = Buffer.from(`${head}\r\n\r\n${load.body}`);
  const keysAt: number[] = [];
  for (let at = request.indexOf(KEY); at > 0; at = request.indexOf(KEY, at + KEY.length)) keysAt.push(at);
  const accountAt = request.indexOf(ACCOUNT);
  return {
    request,
    write() {
      keys += 1;
      const key = tag + keys.toString().padStart(10, '0');
      for (const at of keysAt) request.write(key, at, 'latin1');
      const account = load.accounts[keys % load.accounts.length];
      if (accountAt > 0 && account !== undefined) request.write(account, accountAt, 'latin1');
    },
  };
}

/** Whether an answer has come to its end. */
function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  if (length !== undefined) return answer.length >= end + HEAD_END.length + Number(length);
  return answer.subarray(-CHUNKS_END.length).equals(CHUNKS_END);
}

answerBench({ run });
