/**
 * Many WebSocket clients in one program that costs little: raw sockets, of whose messages only what the bench must know is
 * read, so that the processor is left to what is measured.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { machineMs } from './machine-clock.ts';
import { answerBench } from './worker.ts';

export interface Clients {
  /** `http://127.0.0.1:4000/graphql` */
  readonly url: string;
  readonly apiKey: string;
  readonly count: number;
}

/** What was heard since it was asked last. */
export interface Heard {
  /** Events, on all sockets together. */
  readonly events: number;
  /** Bytes of the last one. */
  readonly bytes: number;
  /** For each number of calls that was told: when each socket heard of it, in milliseconds of the machine's own clock. */
  readonly arrivals: readonly { readonly calls: number; readonly at: Float64Array }[];
}

const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A frame as a client sends it: masked, with a mask that changes nothing. */
function frame(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
const say = (socket: Socket, message: object) =>
  socket.write(frame(OPCODE.text, Buffer.from(JSON.stringify(message))));

const CALLS = Buffer.from('"calls":');
let sockets: Socket[] = [];
let events = 0;
let bytes = 0;
let arrivals = new Map<number, { at: Float64Array; count: number }>();

/** The first figure of calls in an event: that of the totals, which are asked for first. */
function noteEvent(data: Buffer, start: number, end: number): void {
  events += 1;
  bytes = end - start;
  const found = data.indexOf(CALLS, start);
  if (found < 0 || found >= end) return;
  let calls = 0;
  for (let at = found + CALLS.length; ; at += 1) {
    const digit = (data[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    calls = calls * 10 + digit;
  }
  let noted = arrivals.get(calls);
  if (!noted) {
    noted = { at: new Float64Array(sockets.length), count: 0 };
    arrivals.set(calls, noted);
  }
  if (noted.count < noted.at.length) noted.at[noted.count] = machineMs();
  noted.count += 1;
}

/** Reads whole frames, and gives what is left of a part of one. */
function readFrames(socket: Socket, data: Buffer): Buffer {
  let offset = 0;
  for (;;) {
    if (data.length - offset < 2) break;
    const opcode = (data[offset] ?? 0) & 0x0f;
    let length = (data[offset + 1] ?? 0) & 0x7f;
    let head = 2;
    if (length === 126) {
      if (data.length - offset < 4) break;
      length = data.readUInt16BE(offset + 2);
      head = 4;
    } else if (length === 127) {
      if (data.length - offset < 10) break;
      length = Number(data.readBigUInt64BE(offset + 2));
      head = 10;
    }
    const start = offset + head;
    if (data.length < start + length) break;
    if (opcode === OPCODE.text) noteEvent(data, start, start + length);
    else if (opcode === OPCODE.ping) socket.write(frame(OPCODE.pong, data.subarray(start, start + length)));
    offset = start + length;
  }
  return offset === 0 ? data : data.subarray(offset);
}

/** Opens one socket. Resolves when the server has let it in. */
function openOne({ url, apiKey }: Clients): Promise<Socket> {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let rest: Buffer = Buffer.alloc(0);
    let isOpen = false;
    socket.on('connect', () =>
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      ),
    );
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (!isOpen) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        isOpen = true;
        rest = rest.subarray(end + 4);
        say(socket, { type: 'connection_init', payload: { authorization: `Bearer ${apiKey}` } });
        return;
      }
      if (rest.includes('connection_ack')) {
        rest = Buffer.alloc(0);
        socket.removeAllListeners('data');
        socket.on('data', (more: Buffer) => {
          rest = readFrames(socket, rest.length === 0 ? more : Buffer.concat([rest, more]));
        });
        resolve(socket);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('A socket was closed before it was open.')));
  });
}

answerBench({
  /** Opens sockets, some at a time. */
  async open(clients: Clients) {
    sockets = [];
    while (sockets.length < clients.count) {
      const more = Math.min(100, clients.count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: more }, () => openOne(clients)))));
    }
    for (const socket of sockets) {
      socket.removeAllListeners('close');
      socket.on('close', () => {
        sockets = sockets.filter((other) => other !== socket);
      });
    }
  },
  /** Subscribes on each socket. */
  subscribe(query: string) {
    for (const socket of sockets) say(socket, { id: 'live', type: 'subscribe', payload: { query } });
  },
  unsubscribe() {
    for (const socket of sockets) say(socket, { id: 'live', type: 'complete' });
  },
  /** How many sockets are open. */
  count: () => sockets.length,
  heard(): Heard {
    const heard = {
      events,
      bytes,
      arrivals: [...arrivals].map(([calls, { at, count }]) => ({ calls, at: at.slice(0, count) })),
    };
    events = 0;
    arrivals = new Map();
    return heard;
  },
});
