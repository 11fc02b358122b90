/** What a bench of subscriptions asks of its server, beside what every bench asks. */
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { Core } from '../../../server/core.ts';
import { newId } from '../../../server/ids.ts';
import { machineMs } from './machine-clock.ts';

/** A booking of the bench's own. */
export interface Booking {
  /** How many calls the day has had with it. */
  readonly calls: number;
  /** When it was asked for, in milliseconds of the machine's own clock. */
  readonly at: number;
}

/** What some broadcasts, or bookings, cost this process. */
export interface Spent {
  readonly cpuMs: number;
  readonly bookings: readonly Booking[];
}

const sockets = new Set<WebSocket>();
// The sockets that the server itself serves: the bare broadcast goes to the very same.
const emit = WebSocketServer.prototype.emit;
WebSocketServer.prototype.emit = function (name: string | symbol, ...values: unknown[]) {
  if (name === 'connection' && values[0] instanceof WebSocket) {
    const socket = values[0];
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  return emit.call(this, name, ...values);
};

/** @param accountId whose calls are booked. */
export function liveMethods(core: Core, accountId: string) {
  const book = async (): Promise<void> => {
    const priced = await core.generations.price({ accountId: null, namespace: 'api' }, 'GENERATE_IMAGE', {
      idempotencyKey: newId(),
      accountId,
      prompt: 'a fox in the snow, at dawn',
      model: 'replicate/sdxl',
    });
    if (priced.status !== 'priced') throw new Error(`The price was ${priced.status}.`);
    const ticket = await core.generations.reserve(priced.call);
    if ('refusal' in ticket) throw new Error(`The call was refused: ${ticket.refusal.kind}.`);
    await core.generations.wait(ticket, 10_000);
  };
  const spend = async (seconds: number, act: () => Promise<Booking | null>): Promise<Spent> => {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    const bookings: Booking[] = [];
    for (let change = 0; change < seconds * 4; change += 1) {
      const due = startedAt + change * 250;
      await wait(Math.max(0, due - performance.now()));
      const booking = await act();
      if (booking) bookings.push(booking);
    }
    await wait(Math.max(0, startedAt + seconds * 1000 - performance.now()));
    const { user, system } = process.cpuUsage(before);
    return { cpuMs: (user + system) / 1000, bookings };
  };
  return {
    /** Books four times a second. */
    async changes(seconds: number): Promise<Spent> {
      let { calls } = await core.watch.totals('DAY');
      return spend(seconds, async () => {
        const at = machineMs();
        await book();
        calls += 1;
        return { calls, at };
      });
    },
    /** Books four times a second, and sends so many bytes to every socket as often: what `ws` alone costs. */
    broadcast({ seconds, bytes }: { seconds: number; bytes: number }): Promise<Spent> {
      const message = Buffer.alloc(bytes, 'x');
      return spend(seconds, async () => {
        await book();
        for (const socket of sockets) socket.send(message, { binary: false });
        return null;
      });
    },
    sockets: () => sockets.size,
  };
}
