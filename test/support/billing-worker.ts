/**
 * A server process as far as billing is concerned: tests fork several of them on one Postgres. It opens its own pool and
 * rooms, takes the events that it is sent, and says what came of each; for as many events and Stripes as the test likes.
 */
import type { Billing, EventOutcome } from '../../server/billing/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { openDatabase } from '../../server/database/index.ts';
import { createLog } from '../../server/log.ts';
import { createPlans } from '../../server/plans/index.ts';
import { openRoom } from '../billing/room.ts';

/** Where the process finds the database and the loopback Stripes. */
export interface BillingJob {
  readonly url: string;
  readonly apiBase: string;
}

/** An event as it goes over the wire, to the room of one Stripe. */
export interface Delivery {
  readonly number: number;
  /** Which Stripe sends it. */
  readonly secretKey: string;
  readonly body: string;
  readonly signature: string;
  /** At which the process's clock stands. */
  readonly now: string;
}

export type FromBillingWorker =
  | { readonly ready: true }
  | { readonly number: number; readonly outcome: EventOutcome }
  | { readonly number: number; readonly error: string };

const job = JSON.parse(process.argv[2] ?? '{}') as BillingJob;
const database = await openDatabase({ url: job.url, connections: 4 });
const clock = new FakeClock('2026-11-20T12:00:00Z');
const plans = createPlans({
  database,
  clock,
  catalog: {
    appraise: () => ({ status: 'invalid', fields: [] }) as const,
    candidates: () => [],
    models: () => [],
  },
  priceList: 'tokens',
});
let room: { readonly secretKey: string; readonly billing: Billing } | undefined;

/** The room of a Stripe. The one before is not needed any more: histories come one after the other. */
function roomOf(secretKey: string): Billing {
  if (room?.secretKey !== secretKey) {
    room = {
      secretKey,
      billing: openRoom({
        database,
        clock,
        log: createLog({ level: 'error' }),
        plans,
        secretKey,
        apiBase: job.apiBase,
      }),
    };
  }
  return room.billing;
}

const tell = (message: FromBillingWorker) => void process.send?.(message);
process.on('message', ({ number, secretKey, body, signature, now }: Delivery) => {
  clock.set(now);
  roomOf(secretKey)
    .webhook(Buffer.from(body), signature)
    .then(
      (outcome) => tell({ number, outcome }),
      (error: unknown) => tell({ number, error: String(error) }),
    );
});
process.on('disconnect', () => void database.close());
tell({ ready: true });
