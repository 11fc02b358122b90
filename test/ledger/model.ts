/**
 * The ledger once more, in plain TypeScript: one call after the other, no database, no batches, no concurrency. The
 * property tests hold the real one against it. It is written from server/ledger/README.md, and the shorter way is
 * always taken: sums are summed anew, nothing is kept that can be computed.
 */
import type {
  BudgetScope,
  GrantItem,
  GrantOutcome,
  RerouteItem,
  RerouteOutcome,
  ReserveItem,
  ReserveOutcome,
  SettleItem,
  SettleOutcome,
  Tier,
} from '../../server/ledger/index.ts';
import { wordsOf } from '../../server/words.ts';
import { freePeriod, window } from './calendar.ts';

export interface Entry {
  readonly kind: string;
  readonly posted: number;
  readonly reserved: number;
  readonly available: number;
  /** By how much it changes what has yet to be earned. */
  readonly deferred: bigint;
}

export interface Grant {
  /** Null for a free one, whose id the database makes up: it is known by its period. */
  readonly id: string | null;
  readonly period: string | null;
  readonly credits: number;
  readonly revenue: bigint;
  readonly priority: number;
  /** From when on it is there: of grants given one after the other the later may be the older, where the clock was put back. */
  readonly effectiveAt: number;
  readonly expiresAt: number | null;
  used: number;
  reserved: number;
  expired: number;
  revoked: number;
  /** Taken back as soon as the calls that hold them release them. */
  revokePending: number;
  /** What its burned credits have earned. */
  earned: bigint;
}

export interface Account {
  readonly id: string;
  tier: Tier;
  zone: string;
  readonly country: string | null;
  nextFree: number | null;
  readonly grants: Grant[];
  readonly entries: Entry[];
}

interface Attempt {
  readonly provider: string;
  readonly outcome: string;
  readonly cost: bigint;
}

export interface Reservation {
  readonly item: ReserveItem;
  readonly account: Account;
  readonly tier: Tier;
  readonly createdAt: number;
  status: 'PENDING' | 'POSTED' | 'VOIDED' | 'EXPIRED';
  /** The present attempt: its number, where it is made, and what it may cost at the most. */
  number: number;
  provider: string;
  ceiling: bigint;
  posted: number;
  revenue: bigint;
  readonly takes: { readonly grant: Grant; readonly credits: number }[];
  readonly attempts: Map<number, Attempt>;
  /** In which the present attempt counts. Those before it have been counted in theirs. */
  windows: Set<Window>;
}

export interface Budget {
  readonly id: string;
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly period: 'HOUR' | 'DAY' | 'MONTH';
  limit: bigint;
  action: 'WARN' | 'BLOCK' | 'SHUTDOWN';
}

export interface Window {
  readonly budget: Budget;
  readonly start: number;
  readonly end: number;
  spent: bigint;
  reserved: bigint;
  excess: bigint;
  admitted: bigint | null;
}

export interface State {
  state: 'NORMAL' | 'WARNING' | 'SHUTDOWN';
  reason: string | null;
  until: number | null;
  by: string;
}

const SCOPES: readonly BudgetScope[] = ['GLOBAL', 'PROVIDER', 'OPERATION', 'TIER', 'ACCOUNT'];
const PRIORITY = { DAILY_FREE: 0, PRIZE: 10, REFERRAL: 10, ADMIN: 20, PLAN: 50, PURCHASE: 60 };

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const sumMicros = (micros: Iterable<bigint>) => [...micros].reduce((total, number) => total + number, 0n);

/** How many credits have left it for good. */
const gone = (grant: Grant) => grant.used + grant.expired + grant.revoked;
const left = (grant: Grant) => grant.credits - gone(grant);
const free = (grant: Grant) => left(grant) - grant.reserved;

export const posted = (account: Account) => sum(account.grants.map(left));
export const reserved = (account: Account) => sum(account.grants.map((grant) => grant.reserved));
const available = (account: Account) => posted(account) - reserved(account);
const balance = (account: Account) => ({
  posted: posted(account),
  reserved: reserved(account),
  available: available(account),
});

/** What its attempts cost, or those at one provider. */
export const cost = (reservation: Reservation, provider?: string) =>
  sumMicros(
    [...reservation.attempts.values()]
      .filter((attempt) => provider === undefined || attempt.provider === provider)
      .map((attempt) => attempt.cost),
  );

/** What the first credits that leave a grant are worth, rounded down: exact, by one division of bigints. */
const worth = (grant: Grant, first: number) => (grant.revenue * BigInt(first)) / BigInt(grant.credits);

/** What the next credits that leave a grant are worth. */
const worthNext = (grant: Grant, credits: number) =>
  worth(grant, gone(grant) + credits) - worth(grant, gone(grant));

/** In which order grants burn. Those of one instant burn in the order in which they were given, which sorting keeps. */
function compareGrants(a: Grant, b: Grant): number {
  const expiry = (grant: Grant) => grant.expiresAt ?? Number.POSITIVE_INFINITY;
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (expiry(a) !== expiry(b)) return expiry(a) - expiry(b);
  if (a.revenue > 0n !== b.revenue > 0n) return Number(a.revenue > 0n) - Number(b.revenue > 0n);
  return a.effectiveAt - b.effectiveAt;
}

export class Model {
  now = 0;
  freeCredits: { readonly credits: number; readonly period: 'DAY' | 'MONTH' } | null = null;
  readonly accounts = new Map<string, Account>();
  readonly reservations = new Map<string, Reservation>();
  readonly keys = new Map<string, { readonly hash: string; readonly id: string }>();
  readonly budgets: Budget[] = [];
  readonly windows: Window[] = [];
  state: State = { state: 'NORMAL', reason: null, until: null, by: 'system' };

  addAccount(id: string, tier: Tier, zone: string, country: string | null): Account {
    const account: Account = { id, tier, zone, country, nextFree: null, grants: [], entries: [] };
    this.accounts.set(id, account);
    return account;
  }

  #enter(account: Account, kind: string, postedDelta: number, reservedDelta: number, deferred = 0n): void {
    const before = account.entries.at(-1)?.available ?? 0;
    account.entries.push({
      kind,
      // Adding zero makes a zero of JavaScript's minus zero.
      posted: postedDelta + 0,
      reserved: reservedDelta + 0,
      available: before + postedDelta - reservedDelta,
      deferred,
    });
  }

  /** What time alone does. */
  refresh(account: Account): void {
    const isOver = (grant: Grant) => grant.expiresAt !== null && grant.expiresAt <= this.now;
    const due = account.grants
      .filter((grant) => (isOver(grant) || grant.revokePending > 0) && free(grant) > 0)
      .sort((a, b) => (a.expiresAt ?? Number.POSITIVE_INFINITY) - (b.expiresAt ?? Number.POSITIVE_INFINITY));
    for (const grant of due) {
      const back = Math.min(free(grant), grant.revokePending);
      grant.revokePending -= back;
      if (back > 0) this.#leave(account, grant, 'revoked', back);
      if (isOver(grant) && free(grant) > 0) this.#leave(account, grant, 'expired', free(grant));
    }
    if (account.tier !== 'FREE' || !this.freeCredits || this.freeCredits.credits === 0) return;
    if (account.nextFree !== null && account.nextFree > this.now) return;
    const { name, end } = freePeriod(account.zone, this.freeCredits.period, this.now);
    account.nextFree = end;
    if (account.grants.some((grant) => grant.period === name)) return;
    account.grants.push({
      id: null,
      period: name,
      credits: this.freeCredits.credits,
      revenue: 0n,
      priority: 0,
      effectiveAt: this.now,
      expiresAt: end,
      used: 0,
      reserved: 0,
      expired: 0,
      revoked: 0,
      revokePending: 0,
      earned: 0n,
    });
    this.#enter(account, 'GRANT', this.freeCredits.credits, 0);
  }

  /** Credits that nobody can use any more leave their grant, and what they are worth with them. */
  #leave(account: Account, grant: Grant, how: 'revoked' | 'expired', credits: number): void {
    const worthIt = worthNext(grant, credits);
    grant[how] += credits;
    this.#enter(account, how === 'revoked' ? 'REVOKE' : 'EXPIRE_GRANT', -credits, 0, -worthIt);
  }

  /** Takes back what is left of a grant, at once or when the calls that hold it release it. */
  takeBack(account: Account, grant: Grant, credits: number): { revoked: number; pending: number } {
    this.refresh(account);
    const revoked = Math.min(credits, free(grant));
    const pending = Math.min(credits - revoked, grant.reserved - grant.revokePending);
    grant.revokePending += pending;
    if (revoked > 0) this.#leave(account, grant, 'revoked', revoked);
    return { revoked, pending };
  }

  balance(id: string) {
    const account = this.accounts.get(id);
    if (!account) return null;
    this.refresh(account);
    return balance(account);
  }

  /** @param id the one that the database would give the grant. */
  grant(item: GrantItem, id: string): GrantOutcome {
    const account = this.accounts.get(item.accountId);
    if (account) this.refresh(account);
    const key = `${item.namespace} ${item.key}`;
    const before = this.keys.get(key);
    if (before && before.hash !== item.inputHash) return { status: 'conflict' };
    if (before && account) return { status: 'replay', grantId: before.id, balance: balance(account) };
    if (!account) return { status: 'account-not-found' };
    this.keys.set(key, { hash: item.inputHash, id });
    account.grants.push({
      id,
      period: null,
      credits: item.credits,
      revenue: item.revenueMicros,
      priority: item.revenueMicros > 0n ? Math.max(PRIORITY[item.source], 50) : PRIORITY[item.source],
      effectiveAt: item.effectiveAt?.getTime() ?? this.now,
      expiresAt: item.expiresAt?.getTime() ?? null,
      used: 0,
      reserved: 0,
      expired: 0,
      revoked: 0,
      revokePending: 0,
      earned: 0n,
    });
    this.#enter(account, 'GRANT', item.credits, 0, item.revenueMicros);
    return { status: 'granted', grantId: id, balance: balance(account) };
  }

  /** The window of a budget at this instant; a new one has nothing in it. */
  #window(budget: Budget): Window {
    const { start, end } = window(budget.period, this.now);
    const found = this.windows.find((candidate) => candidate.budget === budget && candidate.start === start);
    if (found) return found;
    const made = { budget, start, end, spent: 0n, reserved: 0n, excess: 0n, admitted: null };
    this.windows.push(made);
    return made;
  }

  #applies(budget: Budget, item: ReserveItem, tier: Tier): boolean {
    switch (budget.scope) {
      case 'GLOBAL':
        return true;
      case 'PROVIDER':
        return budget.subject === item.provider;
      case 'OPERATION':
        return budget.subject === item.operation;
      case 'TIER':
        return budget.subject === tier;
      case 'ACCOUNT':
        return budget.subject === item.accountId;
    }
  }

  /** Of several windows the one that counts: ends last, then narrowest. */
  static #foremost(windows: readonly Window[]): Window | undefined {
    return [...windows].sort(
      (a, b) => b.end - a.end || SCOPES.indexOf(b.budget.scope) - SCOPES.indexOf(a.budget.scope),
    )[0];
  }

  #reason(budget: Budget, what: string): string {
    const dollars = `${budget.limit / 1_000_000n}.${(budget.limit % 1_000_000n).toString().padStart(6, '0')}`;
    const period = budget.period === 'HOUR' ? 'an hour' : `a ${budget.period.toLowerCase()}`;
    const isOurs = budget.scope === 'OPERATION' || budget.scope === 'TIER';
    const whose = isOurs ? `"${wordsOf(budget.subject)}"` : budget.subject || 'global';
    return `The ${whose} budget of $${dollars.replace(/\.?0+$/, '')} ${period} is ${what}.`;
  }

  reserveBatch(items: readonly ReserveItem[]): ReserveOutcome[] {
    for (const id of new Set(items.map((item) => item.accountId))) {
      const account = this.accounts.get(id);
      if (account) this.refresh(account);
    }
    if (this.state.state !== 'NORMAL' && this.state.until !== null && this.state.until <= this.now) {
      this.state = { state: 'NORMAL', reason: null, until: null, by: 'budget' };
    }
    const refused = new Map<string, { readonly hash: string; readonly outcome: ReserveOutcome }>();
    return items.map((item) => {
      const key = `${item.namespace} ${item.key}`;
      const twin = refused.get(key);
      if (twin) return twin.hash === item.inputHash ? twin.outcome : { status: 'conflict' };
      const outcome = this.#reserve(item, key);
      if (outcome.status !== 'reserved' && outcome.status !== 'replay' && outcome.status !== 'conflict') {
        refused.set(key, { hash: item.inputHash, outcome });
      }
      return outcome;
    });
  }

  #reserve(item: ReserveItem, key: string): ReserveOutcome {
    const before = this.keys.get(key);
    if (before) {
      return before.hash === item.inputHash
        ? { status: 'replay', generationId: before.id }
        : { status: 'conflict' };
    }
    const account = this.accounts.get(item.accountId);
    if (!account) return { status: 'account-not-found' };
    if (this.state.state === 'SHUTDOWN') return this.#shutdown();
    if (available(account) < item.credits) {
      return { status: 'insufficient-credits', available: available(account) };
    }

    const windows = this.budgets
      .filter((budget) => this.#applies(budget, item, account.tier))
      .map((budget) => this.#window(budget));
    const over = windows.filter(
      ({ spent, reserved: held, budget }) => spent + held + item.ceilingMicros > budget.limit,
    );
    const stop = Model.#foremost(over.filter((each) => each.budget.action === 'SHUTDOWN'));
    if (stop) {
      this.state = {
        state: 'SHUTDOWN',
        reason: this.#reason(stop.budget, 'used up'),
        until: stop.end,
        by: 'budget',
      };
      return this.#shutdown();
    }
    const block = Model.#foremost(over.filter((each) => each.budget.action === 'BLOCK'));
    if (block) {
      return { status: 'budget-exceeded', scope: block.budget.scope, resetsAt: new Date(block.end) };
    }
    const warn = Model.#foremost(over.filter((each) => each.budget.action === 'WARN'));
    if (warn && this.state.state === 'NORMAL') {
      this.state = {
        state: 'WARNING',
        reason: this.#reason(warn.budget, 'passed'),
        until: warn.end,
        by: 'budget',
      };
    }
    if (item.ceilingMicros > 0n) {
      for (const each of windows) {
        each.reserved += item.ceilingMicros;
        each.admitted = each.budget.action === 'WARN' ? null : each.budget.limit;
      }
    }

    const takes: Reservation['takes'] = [];
    let need = item.credits;
    const live = account.grants.filter(
      (grant) => free(grant) > 0 && (grant.expiresAt === null || grant.expiresAt > this.now),
    );
    for (const grant of live.sort(compareGrants)) {
      const credits = Math.min(need, free(grant));
      if (credits === 0) break;
      grant.reserved += credits;
      need -= credits;
      takes.push({ grant, credits });
    }
    if (need > 0) throw new Error('The model has no grants for what it says is available.');
    this.#enter(account, 'RESERVE', 0, item.credits);
    this.keys.set(key, { hash: item.inputHash, id: item.id });
    this.reservations.set(item.id, {
      item,
      account,
      tier: account.tier,
      createdAt: this.now,
      status: 'PENDING',
      number: 1,
      provider: item.provider,
      ceiling: item.ceilingMicros,
      posted: 0,
      revenue: 0n,
      takes,
      attempts: new Map(),
      windows: new Set(windows),
    });
    return {
      status: 'reserved',
      at: new Date(this.now),
      available: available(account),
      tier: account.tier,
      country: account.country,
      planId: null,
      servedById: null,
    };
  }

  #shutdown(): ReserveOutcome {
    const { reason, until } = this.state;
    return { status: 'shutdown', reason, resetsAt: until === null ? null : new Date(until) };
  }

  /** All or nothing: what comes of anything but `rerouted` is rolled back. */
  reroute({ generationId, failed, provider, ceilingMicros }: RerouteItem): RerouteOutcome {
    const reservation = this.reservations.get(generationId);
    if (reservation?.status !== 'PENDING' || reservation.number !== failed.number) return 'stale';
    const { state, until } = this.state;
    if (state === 'SHUTDOWN' && (until === null || until > this.now)) return 'shutdown';
    const { windows, ceiling } = reservation;
    const next = [
      ...[...windows].filter(({ budget }) => budget.scope !== 'PROVIDER'),
      ...this.budgets
        .filter((budget) => budget.scope === 'PROVIDER' && budget.subject === provider)
        .map((budget) => this.#window(budget)),
    ];
    // What the failed attempt has cost takes the place of what it might have cost.
    const used = (each: Window) =>
      each.spent + each.reserved + (windows.has(each) ? failed.costMicros - ceiling : 0n);
    const blocks = (each: Window) =>
      each.budget.action !== 'WARN' && used(each) + ceilingMicros > each.budget.limit;
    if (next.some(blocks)) return 'budget-exceeded';
    for (const each of windows) {
      each.spent += failed.costMicros;
      each.reserved -= ceiling;
      if (failed.costMicros > ceiling) each.excess += failed.costMicros - ceiling;
    }
    for (const each of next) {
      each.reserved += ceilingMicros;
      each.admitted = each.budget.action === 'WARN' ? null : each.budget.limit;
    }
    reservation.attempts.set(failed.number, {
      provider: failed.provider,
      outcome: failed.outcome,
      cost: failed.costMicros,
    });
    reservation.windows = new Set(next);
    reservation.number += 1;
    reservation.provider = provider;
    reservation.ceiling = ceilingMicros;
    return 'rerouted';
  }

  settleBatch(items: readonly SettleItem[]): SettleOutcome[] {
    const outcomes = items.map((item) => ({ item, status: this.#settle(item) }));
    const accounts = new Set(outcomes.map(({ item }) => this.reservations.get(item.generationId)?.account));
    for (const account of accounts) if (account) this.refresh(account);
    return outcomes.map(({ item, status }) => {
      const reservation = this.reservations.get(item.generationId);
      return {
        status,
        at: new Date(this.now),
        accountId: reservation?.account.id ?? null,
        creditsCharged: reservation?.posted ?? 0,
        costMicros: reservation ? cost(reservation) : 0n,
        revenueMicros: reservation?.revenue ?? 0n,
        balance: reservation ? balance(reservation.account) : { posted: 0, reserved: 0, available: 0 },
      };
    });
  }

  #settle(item: SettleItem): SettleOutcome['status'] {
    const reservation = this.reservations.get(item.generationId);
    if (!reservation) return 'not-found';
    if (item.attemptNumber !== undefined && reservation.number > item.attemptNumber) return 'followed';
    if (reservation.status === 'POSTED') return 'already';
    const before = cost(reservation);
    for (const attempt of item.attempts) {
      reservation.attempts.set(attempt.number, {
        provider: reservation.attempts.get(attempt.number)?.provider ?? attempt.provider,
        outcome: attempt.outcome,
        cost: attempt.costMicros,
      });
    }
    const after = cost(reservation);
    if (reservation.status !== 'PENDING') {
      for (const each of reservation.windows) {
        each.spent += after - before;
        if (after > before) each.excess += after - before;
      }
      return 'late';
    }

    const { credits } = reservation.item;
    const { ceiling } = reservation;
    for (const each of reservation.windows) {
      each.spent += after - before;
      each.reserved -= ceiling;
      if (after - before > ceiling) each.excess += after - before - ceiling;
    }
    reservation.status = item.action === 'POST' ? 'POSTED' : item.action === 'VOID' ? 'VOIDED' : 'EXPIRED';
    reservation.posted = item.action === 'POST' ? item.credits : 0;
    reservation.provider = item.attempts.at(-1)?.provider ?? reservation.provider;
    let burn = reservation.posted;
    for (const { grant, credits: taken } of reservation.takes) {
      const burned = Math.min(burn, taken);
      const gained = worthNext(grant, burned);
      grant.used += burned;
      grant.reserved -= taken;
      grant.revokePending = Math.min(grant.revokePending, left(grant));
      grant.earned += gained;
      reservation.revenue += gained;
      burn -= burned;
    }
    const kind = { POST: 'POST', VOID: 'VOID', EXPIRE: 'EXPIRE_RESERVATION' }[item.action];
    this.#enter(reservation.account, kind, -reservation.posted, -credits, -reservation.revenue + 0n);
    return 'settled';
  }

  /** @param id the one that the database would give the budget if it is new. */
  setBudget(id: string, given: Omit<Budget, 'id'>): void {
    const { scope, subject, period, limit, action } = given;
    const standing = this.budgets.find(
      (budget) => budget.scope === scope && budget.subject === subject && budget.period === period,
    );
    if (standing) {
      standing.limit = limit;
      standing.action = action;
      this.#window(standing).admitted = null;
    } else {
      const budget: Budget = { id, ...given };
      this.budgets.push(budget);
      const made = this.#window(budget);
      for (const reservation of this.reservations.values()) {
        const { item, tier, createdAt, provider } = reservation;
        if (createdAt < made.start || createdAt >= made.end) continue;
        if (budget.scope === 'PROVIDER') made.spent += cost(reservation, budget.subject);
        if (!this.#applies(budget, { ...item, provider }, tier)) continue;
        if (budget.scope !== 'PROVIDER') made.spent += cost(reservation);
        if (reservation.status === 'PENDING') {
          made.reserved += reservation.ceiling;
          reservation.windows.add(made);
        }
      }
    }
    if (this.state.by === 'budget' && this.state.state !== 'NORMAL') {
      this.state = { state: 'NORMAL', reason: null, until: null, by: 'key:test' };
    }
  }

  setState(state: 'NORMAL' | 'SHUTDOWN', reason: string): void {
    this.state = { state, reason: state === 'NORMAL' ? null : reason, until: null, by: 'admin:test' };
  }

  /** What was paid for customers who had their credits back. */
  lostMicros(): bigint {
    const lost: bigint[] = [];
    for (const { status, attempts } of this.reservations.values()) {
      for (const attempt of attempts.values()) {
        if (status !== 'POSTED' || attempt.outcome !== 'SUCCEEDED') lost.push(attempt.cost);
      }
    }
    return sumMicros(lost);
  }
}
