/** The door of the top-ups' room: low balances, and packs that are then bought by themselves. See README.md. */
import type { Accounts } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { type Database, writeAuditLog } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Micros } from '../money.ts';
import type { PackOffer, Plans } from '../plans/index.ts';
import * as statements from './statements.ts';
import { Gathering, type NoticeBalance } from './watch.ts';

export { type NoticeBalance, watchBalances } from './watch.ts';

/** When an account is low, and what is then bought. */
export interface AutoTopUp {
  readonly accountId: string;
  /** It is low while fewer credits than these are available. */
  readonly threshold: number;
  readonly isOn: boolean;
  /** Null only while it is off. */
  readonly packId: string | null;
  /** The most that top-ups of one day of the account's calendar may cost. */
  readonly dailyCapMicros: Micros;
  /** Why it was switched off by itself; null when it was not. */
  readonly offReason: string | null;
  /** No payment is asked for before; null: at once when it is low. */
  readonly nextAt: Date | null;
  /** Since when it is known to be low; null while it is not. */
  readonly lowSince: Date | null;
}

/** A pack that is bought because its account is low. */
export interface TopUp {
  readonly id: string;
  readonly accountId: string;
  readonly packId: string;
  readonly amountMicros: Micros;
  readonly credits: number;
  readonly state: 'REQUESTED' | 'PAID' | 'DECLINED' | 'UNKNOWN';
  /** Why it came to nothing. */
  readonly reason: string | null;
  readonly requestedAt: Date;
  readonly resolvedAt: Date | null;
}

/** An account has become low, or is so no more. The former is kept as a row of `low_balance_event` too. */
export type LowBalanceChange = {
  readonly accountId: string;
  readonly threshold: number;
  readonly available: number;
  readonly at: Date;
} & ({ readonly isLow: true; readonly eventId: string } | { readonly isLow: false });

/** What has become of a payment by a saved card. */
export type ChargeOutcome =
  /** Paid, and the credits are given. */
  | { readonly status: 'paid' }
  /** Not decided yet; asked again under the same key later. */
  | { readonly status: 'pending' }
  /** The account's bank said no; `reason` is for the account's user. */
  | { readonly status: 'declined'; readonly reason?: string | null }
  | { readonly status: 'no-payment-method' }
  /** Nobody answered: it may have been paid. Asked again under the same key. */
  | { readonly status: 'unavailable' };

/** Buys a pack with the payment method that an account has saved, once under a key. The billing room's. */
export type ChargeSaved = (item: {
  readonly accountId: string;
  readonly packId: string;
  /** As it was sold when the top-up began: this is what the day's cap has room for. */
  readonly packVersionId: string;
  readonly key: string;
  /** Asked before the card is charged for the first time: auto top-up may be off by now, or the account barred. */
  isWanted(): Promise<boolean>;
}) => Promise<ChargeOutcome>;

/** What an account wants. */
export interface AutoTopUpItem {
  readonly accountId: string;
  readonly threshold: number;
  readonly isOn: boolean;
  /** A pack's id or name; null: none, when it is off. */
  readonly pack: string | null;
  readonly dailyCapMicros: Micros | null;
  readonly actor: string;
}

export type SetAutoTopUpOutcome =
  | { readonly status: 'set'; readonly autoTopUp: AutoTopUp }
  | { readonly status: 'account-not-found' }
  | {
      readonly status: 'invalid';
      readonly fields: readonly { readonly path: string; readonly message: string }[];
    };

/** The room's functions throw what the database throws. */
export interface TopUps {
  /** Hears what an account has available; see `watchBalances`. */
  readonly notice: NoticeBalance;
  /** Sets when an account is low and what is then bought, and looks at once whether it is. */
  set(item: AutoTopUpItem): Promise<SetAutoTopUpOutcome>;
  /** What holds for an account; null when it never said anything. */
  read(accountId: string): Promise<AutoTopUp | null>;
  /** The newest top-ups of an account. */
  topUps(accountId: string, limit: number): Promise<TopUp[]>;
  /**
   * Looks at every account with a threshold, along their index, and asks after payments that nobody has heard of. What a
   * process noticed and could not do before it died is done here. One process at a time has to, every half minute.
   */
  sweep(): Promise<void>;
  /** Reads the thresholds, and from then on those that other processes have set. */
  start(): Promise<void>;
  /** Resolves when all that was noticed has been looked at and every payment that it led to has been asked for. */
  idle(): Promise<void>;
  /** Reads no more, begins no more payments, and waits for those under way. What was noticed is left to the next sweep. */
  stop(): Promise<void>;
}

/** Patience and times. Each can be set for tests. */
export interface TopUpTimes extends statements.Patience {
  /** How long a process that asks for a payment is believed to be at it. */
  readonly leaseMs: number;
  /** How long a payment without an answer is asked after. Stripe keeps a key for 24 hours at least; after that the same key would pay twice. */
  readonly keyLivesMs: number;
}

const TIMES: TopUpTimes = {
  cooldownMs: 10 * 60_000,
  backOffMs: 60 * 60_000,
  mostDeclines: 3,
  leaseMs: 2 * 60_000,
  keyLivesMs: 20 * 3_600_000,
};

/** How often thresholds that other processes have set are read, and how far back, since clocks differ. */
const THRESHOLDS_EVERY_MS = 5_000;
const CLOCKS_DIFFER_MS = 30_000;
/** Accounts in one look. */
const PAGE = 500;
/** Payments that a process asks for at the same time, and those that it takes over at once. */
const MOST_UNDER_WAY = 50;
const CLAIMS = 20;
const MOST_PUT_OFF_MS = 3_600_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const MOST_THRESHOLD = 1_000_000_000;

/** Makes the top-ups' room. */
export function createTopUps(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly accounts: Pick<Accounts, 'exists'>;
  readonly plans: Pick<Plans, 'pack' | 'packs'>;
  readonly chargeSaved: ChargeSaved;
  /** Told once of each account that has become low, and of each that was and is not any more. What it throws is its own. */
  readonly onLowBalance?: (change: LowBalanceChange) => void;
  readonly times?: Partial<TopUpTimes>;
}): TopUps {
  const { database, clock, log, accounts, plans, chargeSaved, onLowBalance } = options;
  const times = { ...TIMES, ...options.times };
  const after = (milliseconds: number) => new Date(clock.now().getTime() + milliseconds);
  const underWay = new Set<Promise<void>>();
  /** Packs of which it was said that they are not sold: each account that wants one is looked at again and again. */
  const notSold = new Set<string | null>();
  let timer: NodeJS.Timeout | undefined;
  let thresholdsOf: Date | null = null;
  let stopped = false;

  const gathering = new Gathering(look);

  async function look(accountIds: readonly string[]): Promise<void> {
    try {
      const at = clock.now();
      const looked = await statements.look(database, at, accountIds);
      for (const { accountId, isLow, eventId, threshold, available } of looked) {
        if (eventId) onLowBalance?.({ isLow: true, eventId, accountId, threshold, available, at });
        else if (!isLow) onLowBalance?.({ isLow: false, accountId, threshold, available, at });
      }
      const due = looked.filter((each) => each.due);
      const packs = due.length > 0 ? await plans.packs() : [];
      for (const { accountId, packId } of due) {
        const pack = packs.find((one) => one.packId === packId);
        if (pack) {
          notSold.delete(packId);
          await begin(accountId, pack);
        } else if (!notSold.has(packId)) {
          notSold.add(packId);
          log.warn(
            { accountId, packId },
            'A pack is not sold any more: for those who have chosen it nothing is bought until they choose another.',
          );
        }
      }
    } catch (error) {
      log.warn({ error }, 'Low balances could not be looked at; the next sweep tries again.');
    }
  }

  async function begin(accountId: string, pack: PackOffer): Promise<void> {
    // What is left is found by the next sweep.
    if (stopped || underWay.size >= MOST_UNDER_WAY) return;
    const { packId, versionId: packVersionId } = pack;
    const id = newId();
    const outcome = await statements.begin(database, clock.now(), {
      id,
      accountId,
      packId,
      packVersionId,
      amountMicros: pack.priceMicros,
      credits: pack.credits,
      askAt: after(times.leaseMs),
    });
    // The payment is not waited for: looking at other accounts goes on.
    const topUp = { id, accountId, packId, packVersionId, requestedAt: clock.now(), asks: 1 };
    if (outcome === 'BEGUN') inBackground(ask(topUp));
  }

  function inBackground(work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) =>
        log.error({ error }, 'A top-up could not be booked; it is asked after again.'),
      )
      .finally(() => underWay.delete(watched));
    underWay.add(watched);
  }

  /** Asks for a payment under its own key, and books what is said. */
  async function ask(topUp: statements.Asking): Promise<void> {
    const { id, accountId, packId, packVersionId } = topUp;
    const isWanted = () => statements.isWanted(database, id);
    const isOver = clock.now().getTime() - topUp.requestedAt.getTime() >= times.keyLivesMs;
    // Nobody may have asked for days: a key that Stripe has forgotten is not used again.
    const outcome: ChargeOutcome = isOver
      ? { status: 'unavailable' }
      : await chargeSaved({ accountId, packId, packVersionId, key: id, isWanted }).catch((error: unknown) => {
          log.warn({ error, topUp: id }, 'A payment was asked for and nobody answered.');
          return { status: 'unavailable' };
        });
    const end = (state: 'PAID' | 'DECLINED' | 'UNKNOWN', reason: string | null, off = false) =>
      statements.end(database, clock.now(), id, state, reason, off, times);
    switch (outcome.status) {
      case 'paid':
        await end('PAID', null);
        // Armed again, now that the credits are there.
        await look([accountId]);
        return;
      case 'declined':
        await end('DECLINED', outcome.reason ?? 'The payment was declined.');
        return;
      case 'no-payment-method':
        await end(
          'DECLINED',
          'There is no saved payment method; buy a pack once, and switch it on again.',
          true,
        );
        return;
      case 'pending':
      case 'unavailable': {
        if (!isOver) {
          const wait = Math.min(times.leaseMs * 2 ** Math.min(topUp.asks - 1, 10), MOST_PUT_OFF_MS);
          await statements.putOff(database, id, after(wait));
          return;
        }
        await end(
          'UNKNOWN',
          'Nobody could say whether a payment went through; see the payments, and switch it on again.',
          true,
        );
      }
    }
  }

  async function readThresholds(): Promise<void> {
    const since: Date | null = thresholdsOf && new Date(thresholdsOf.getTime() - CLOCKS_DIFFER_MS);
    for (const { accountId, threshold, updatedAt } of await statements.readThresholds(database, since)) {
      gathering.setThreshold(accountId, threshold);
      if (!thresholdsOf || updatedAt > thresholdsOf) thresholdsOf = updatedAt;
    }
  }

  async function sweep(): Promise<void> {
    const asking = await statements.claim(database, clock.now(), after(times.leaseMs), CLAIMS);
    for (const topUp of asking) inBackground(ask(topUp));
    let last = FIRST_ID;
    for (;;) {
      const accountIds = await statements.nextAccounts(database, last, PAGE);
      if (accountIds.length > 0) await look(accountIds);
      last = accountIds.at(-1) ?? last;
      if (accountIds.length < PAGE || stopped) return;
    }
  }

  async function problemsOf(
    item: AutoTopUpItem,
  ): Promise<{ fields: { path: string; message: string }[]; pack: PackOffer | null }> {
    const fields: { path: string; message: string }[] = [];
    if (!Number.isInteger(item.threshold) || item.threshold < 1 || item.threshold > MOST_THRESHOLD) {
      fields.push({ path: 'threshold', message: `Give 1 to ${MOST_THRESHOLD} credits.` });
    }
    const pack = item.pack === null ? null : await plans.pack(item.pack);
    if (item.pack !== null && !pack) {
      fields.push({ path: 'pack', message: 'No such pack is sold; the query `packs` has those that are.' });
    }
    if (item.isOn && item.pack === null) {
      fields.push({ path: 'pack', message: 'Say which pack is to be bought.' });
    }
    if (item.isOn && (item.dailyCapMicros === null || (pack && item.dailyCapMicros < pack.priceMicros))) {
      fields.push({
        path: 'dailyCap',
        message: 'Give the most that a day may cost, at least the price of the pack.',
      });
    }
    return { fields, pack };
  }

  async function idle(): Promise<void> {
    do {
      await gathering.idle();
      await Promise.all(underWay);
    } while (underWay.size > 0);
  }

  return {
    notice: gathering.notice,
    async set(item) {
      const { fields, pack } = await problemsOf(item);
      if (fields.length > 0) return { status: 'invalid', fields };
      const { accountId, threshold, isOn } = item;
      const settings = {
        threshold,
        isOn,
        packId: pack?.packId ?? null,
        dailyCapMicros: item.dailyCapMicros ?? 0n,
      };
      if (!(await accounts.exists(accountId))) return { status: 'account-not-found' };
      const now = clock.now();
      await database.transaction(async (sql) => {
        await statements.setAutoTopUp(sql, now, accountId, settings);
        const { actor } = item;
        await writeAuditLog(sql, now, { actor, action: 'top-up.set', subject: accountId, detail: settings });
      });
      gathering.setThreshold(accountId, threshold);
      await look([accountId]);
      const autoTopUp = await statements.readAutoTopUp(database, accountId);
      if (!autoTopUp) throw new Error('Auto top-up has been set and is not there.');
      return { status: 'set', autoTopUp };
    },
    read: (accountId) => statements.readAutoTopUp(database, accountId),
    topUps: (accountId, limit) => statements.readTopUps(database, accountId, limit),
    sweep,
    async start() {
      await readThresholds();
      let reading = false;
      timer = setInterval(() => {
        if (reading) return;
        reading = true;
        readThresholds()
          .catch((error: unknown) => log.warn({ error }, 'Thresholds could not be read; it is tried again.'))
          .finally(() => {
            reading = false;
          });
      }, THRESHOLDS_EVERY_MS);
      timer.unref();
    },
    idle,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await idle();
    },
  };
}
