/** A room of billing before a loopback Stripe: the same in the test's own process and in one that it forks. */
import { type Billing, createBilling } from '../../server/billing/index.ts';
import type { Clock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import type { Log } from '../../server/log.ts';
import type { Plans } from '../../server/plans/index.ts';

export const SECRET = 'whsec_test_of_billing_0123456789';

/** What a room needs, and what of it a test may choose. */
export interface RoomOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly plans: Plans;
  /** Which of the server's Stripes is this room's. */
  readonly secretKey: string;
  readonly apiBase: string;
  readonly barDisputed?: boolean | undefined;
  readonly webhookSecrets?: readonly string[] | undefined;
  /** How long Stripe is waited for. */
  readonly timeoutMs?: number | undefined;
}

/** Opens a room. */
export function openRoom(options: RoomOptions): Billing {
  const { database, clock, log, plans } = options;
  return createBilling({
    database,
    clock,
    log,
    plans,
    stripe: {
      secretKey: options.secretKey,
      webhookSecrets: options.webhookSecrets ?? [SECRET],
      apiBase: options.apiBase,
      timeoutMs: options.timeoutMs ?? 20_000,
    },
    barDisputed: options.barDisputed ?? true,
    publicUrl: () => 'http://127.0.0.1:4000',
    onChange: () => {},
  });
}
