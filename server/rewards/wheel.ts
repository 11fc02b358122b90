/** The prize wheel: one spin a day, a draw that anybody can check. README.md of this room says how. */
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { commitmentOf, drawTicket, newSeed } from './draw.ts';
import { type RewardRules, readRules } from './rules.ts';
import * as statements from './statements.ts';

const DAY_MS = 86_400_000;
/** The prize: one clip of so many seconds. */
const PRIZE_SECONDS = 5;

/** What can be won. */
export interface Prize {
  readonly model: string;
  /** What one clip of it is priced at now: as many credits are given. */
  readonly credits: number;
  readonly costMicros: bigint;
  /** Days until they expire. */
  readonly days: number;
}

/** A spin with all that its draw can be checked by. */
export interface Spin {
  readonly id: string;
  readonly accountId: string;
  /** Of the account's own calendar: `2026-11-20`. */
  readonly day: string;
  /** Shown now that it has been used: 32 bytes in hex. */
  readonly serverSeed: string;
  /** What had been shown of it before: the SHA-256 of its bytes, in hex. */
  readonly commitment: string;
  readonly committedAt: Date;
  readonly clientSeed: string;
  /** From 0 to 999,999; it wins when it is under the chance. */
  readonly ticket: number;
  /** Of a million. */
  readonly chance: number;
  readonly won: boolean;
  /** What could be won, and what it cost in credits. */
  readonly model: string;
  readonly credits: number;
  /** The prize's credits; null when nothing was won, or the account could hold no more. */
  readonly grantId: string | null;
  readonly at: Date;
}

/** What a spin of a day will be drawn from. */
export interface Commitment {
  readonly day: string;
  readonly commitment: string;
  readonly committedAt: Date;
}

/** Why nobody can spin at present. */
export type ClosedReason = 'off' | 'no-prize' | 'cap';

/** The wheel as an account sees it. */
export interface WheelState {
  readonly accountId: string;
  readonly day: string;
  readonly chance: number;
  readonly prize: Prize | null;
  readonly closed: ClosedReason | null;
  /** Today's spin; null when there was none yet. */
  readonly spin: Spin | null;
  /** When the next day of the account begins. */
  readonly nextDayAt: Date;
  /** Of the next spin: today's, or that of the day after it. */
  readonly next: Commitment;
}

/** A wish to spin. */
export interface SpinItem {
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  readonly clientSeed: string;
  /** What the client was shown; a spin with another is refused. Null: it does not say. */
  readonly commitment: string | null;
  readonly actor: string;
}

/** All but `spun` and `replay` leave nothing behind: the key can be used again. */
export type SpinOutcome =
  | { readonly status: 'spun' | 'replay'; readonly spin: Spin; readonly next: Commitment }
  | { readonly status: 'conflict' | 'account-not-found' }
  /** The account has had its spin of the day. */
  | { readonly status: 'already-spun'; readonly nextDayAt: Date }
  /** Told before anything was drawn. */
  | { readonly status: 'closed'; readonly reason: ClosedReason }
  /** The standing commitment is another one than the client was shown. */
  | { readonly status: 'other-commitment'; readonly commitment: string };

/** The wheel. Its functions throw what the database throws. */
export interface Wheel {
  /** The wheel as an account sees it, or null when there is no such account. Commits to the next spin's seed. */
  read(accountId: string): Promise<WheelState | null>;
  /** Spins, once a day and once under a key. */
  spin(item: SpinItem): Promise<SpinOutcome>;
}

/** Makes the wheel of a site. */
export function createWheel(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Pick<Catalog, 'candidates' | 'price'>;
  readonly priceList: string;
}): Wheel {
  const { database, clock, catalog, priceList } = options;

  function prizeOf(rules: RewardRules): Prize | null {
    const request = { operation: 'GENERATE_VIDEO', durationSeconds: PRIZE_SECONDS } as const;
    const outcome =
      rules.wheelModel === null
        ? catalog.candidates(request)[0]
        : catalog.price({ ...request, model: rules.wheelModel, hasImage: true });
    if (outcome?.status !== 'priced') return null;
    return {
      model: outcome.model,
      credits: outcome.credits,
      costMicros: outcome.costMicros,
      days: rules.wheelPrizeDays,
    };
  }

  async function commit(accountId: string, day: string): Promise<Commitment & { readonly seed: string }> {
    const seed = newSeed();
    const fresh = { seed, commitment: commitmentOf(seed) };
    const stands = await statements.ensureSeed(database, clock.now(), accountId, day, fresh);
    return { day, seed: stands.seed, commitment: stands.commitment, committedAt: stands.createdAt };
  }

  /** Without the seed, which nobody is shown before its spin. */
  const shown = ({ day, commitment, committedAt }: Commitment): Commitment => ({
    day,
    commitment,
    committedAt,
  });

  async function told(status: 'spun' | 'replay', spinId: string): Promise<SpinOutcome> {
    const spin = await statements.readSpin(database, { id: spinId });
    if (!spin) throw new Error(`The spin ${spinId} is not there.`);
    const { nextDay } = (await statements.accountDay(database, clock.now(), spin.accountId)) ?? {
      nextDay: spin.day,
    };
    return { status, spin, next: shown(await commit(spin.accountId, nextDay)) };
  }

  return {
    async read(accountId) {
      const now = clock.now();
      const today = await statements.accountDay(database, now, accountId);
      if (!today) return null;
      const rules = await readRules(database, priceList);
      const prize = prizeOf(rules);
      const spin = await statements.readSpin(database, { accountId, day: today.day });
      const isFull = async () =>
        (await statements.prizesToday(database, now)) + (prize?.costMicros ?? 0n) >
        rules.wheelDailyCostMicros;
      return {
        accountId,
        day: today.day,
        chance: rules.wheelChance,
        prize,
        closed: !rules.wheelOn ? 'off' : !prize ? 'no-prize' : (await isFull()) ? 'cap' : null,
        spin,
        nextDayAt: today.nextAt,
        next: shown(await commit(accountId, spin ? today.nextDay : today.day)),
      };
    },

    async spin(item) {
      const used = await statements.keyedSpin(database, item.namespace, item.key);
      if (used) {
        if (!used.isSpin || used.inputHash !== item.inputHash) return { status: 'conflict' };
        return told('replay', used.spinId);
      }
      const rules = await readRules(database, priceList);
      for (;;) {
        const now = clock.now();
        const today = await statements.accountDay(database, now, item.accountId);
        if (!today) return { status: 'account-not-found' };
        const prize = prizeOf(rules);
        if (!rules.wheelOn || !prize) return { status: 'closed', reason: rules.wheelOn ? 'no-prize' : 'off' };
        const committed = await commit(item.accountId, today.day);
        if (item.commitment !== null && item.commitment !== committed.commitment) {
          return { status: 'other-commitment', commitment: committed.commitment };
        }
        const { outcome, spinId } = await statements.spin(database, now, {
          accountId: item.accountId,
          namespace: item.namespace,
          key: item.key,
          inputHash: item.inputHash,
          day: today.day,
          clientSeed: item.clientSeed,
          ticket: drawTicket({
            serverSeed: committed.seed,
            clientSeed: item.clientSeed,
            day: today.day,
            accountId: item.accountId,
          }),
          chance: rules.wheelChance,
          model: prize.model,
          credits: prize.credits,
          costMicros: prize.costMicros,
          capMicros: rules.wheelDailyCostMicros,
          prizeExpiresAt: new Date(now.getTime() + prize.days * DAY_MS),
          actor: item.actor,
        });
        switch (outcome) {
          case 'SPUN':
          case 'REPLAY':
            return told(outcome === 'SPUN' ? 'spun' : 'replay', spinId ?? '');
          case 'CONFLICT':
            return { status: 'conflict' };
          case 'ACCOUNT_NOT_FOUND':
            return { status: 'account-not-found' };
          case 'ALREADY_SPUN':
            return { status: 'already-spun', nextDayAt: today.nextAt };
          case 'CLOSED':
            return { status: 'closed', reason: 'cap' };
          case 'OTHER_DAY':
            // Its time zone was changed meanwhile: the day is looked up again.
            break;
        }
      }
    },
  };
}
