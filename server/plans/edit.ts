/** An operator's changes of plans and packs: each is a new version, and none that has begun is touched. */
import type { FieldProblem } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import { type Database, type Sql, writeAuditLog } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Tier } from '../ledger/index.ts';
import type { Micros } from '../money.ts';
import {
  type IncludedUse,
  NEWEST,
  type PackOffer,
  type PlanInterval,
  type PlanOffer,
  packVersion,
  planVersion,
} from './offers.ts';
import { type Appraising, simulate } from './simulate.ts';
import * as statements from './statements.ts';

/** What every change says. */
interface Change {
  /** From when on; left out: from now. */
  readonly effectiveFrom?: Date | null | undefined;
  readonly reason: string;
  /** For the audit log. */
  readonly actor: string;
}

/** A plan's new figures. What is left out of one that exists stays as it is by then. */
export interface PlanChange extends Change {
  /** Its id, or its name within the active list: lower-case letters, digits and dashes. */
  readonly plan: string;
  readonly interval: PlanInterval;
  readonly name?: string | null | undefined;
  readonly tier?: Tier | null | undefined;
  readonly note?: string | null | undefined;
  readonly priceMicros: Micros;
  readonly credits: number;
  readonly rollover?: boolean | null | undefined;
  readonly included?: readonly IncludedUse[] | null | undefined;
}

/** A pack's new figures. */
export interface PackChange extends Change {
  readonly pack: string;
  /** Left out: as it is, or its credits. */
  readonly name?: string | null | undefined;
  readonly priceMicros: Micros;
  readonly credits: number;
}

type Invalid = { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] };
export type PlanChangeOutcome = { readonly status: 'changed'; readonly offer: PlanOffer } | Invalid;
export type PackChangeOutcome = { readonly status: 'changed'; readonly offer: PackOffer } | Invalid;

/** What the room hands over. */
export interface Editing {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Appraising;
  readonly priceList: string;
  /** The full id of a plan or pack of the active list. */
  readonly idOf: (name: string) => string;
}

const MOST_CREDITS = 100_000_000;
const MOST_PRICE_MICROS = 1_000_000_000_000n;
const ID = /^[a-z0-9][a-z0-9-]{0,59}$/;

function problemsOf(
  {
    path,
    id,
    priceMicros,
    credits,
    effectiveFrom,
  }: {
    path: 'plan' | 'pack';
    id: string;
    priceMicros: Micros;
    credits: number;
    effectiveFrom: Date;
  },
  now: Date,
): FieldProblem[] {
  const fields: FieldProblem[] = [];
  if (!ID.test(id))
    fields.push({ path, message: 'Give lower-case letters, digits and dashes, such as "pro".' });
  if (priceMicros <= 0n || priceMicros > MOST_PRICE_MICROS || priceMicros % 10_000n !== 0n) {
    fields.push({ path: 'price', message: 'Give dollars from "0.01" to "1000000", in whole cents.' });
  }
  if (!Number.isInteger(credits) || credits < 1 || credits > MOST_CREDITS) {
    fields.push({ path: 'credits', message: `Give 1 to ${MOST_CREDITS} credits.` });
  }
  if (effectiveFrom < now) {
    const message = 'What was sold before stays as it was: give an instant from now on, or leave it out.';
    fields.push({ path: 'effectiveFrom', message });
  }
  return fields;
}

/** Sets what a plan costs and gives from an instant on; a plan that is not there is made. */
export async function setPlan(editing: Editing, change: PlanChange): Promise<PlanChangeOutcome> {
  const { database, clock, catalog, priceList } = editing;
  const now = clock.now();
  const id = editing.idOf(change.plan);
  const effectiveFrom = change.effectiveFrom ?? now;
  const present = await database.prisma.plan.findUnique({
    where: { id },
    include: {
      versions: {
        // What is to come after it says nothing of what holds until then.
        where: { interval: change.interval, effectiveFrom: { lte: effectiveFrom } },
        orderBy: [...NEWEST],
        take: 1,
      },
    },
  });
  const standing = present?.versions[0];
  const tier = change.tier ?? present?.tier;
  const included = change.included ?? (standing?.included as readonly IncludedUse[] | undefined) ?? [];
  const fields = problemsOf({ path: 'plan', id, effectiveFrom, ...pick(change) }, now);
  if (!tier || tier === 'FREE') {
    fields.push({
      path: 'tier',
      message: 'Say which tier a subscriber becomes; FREE is for those without a plan.',
    });
  }
  const simulated = simulate(catalog, { priceMicros: change.priceMicros, credits: null, uses: included });
  if (simulated.status === 'invalid') {
    fields.push(
      ...simulated.fields.map(({ path, message }) => ({ path: path.replace('uses', 'included'), message })),
    );
  }
  if (!tier || fields.length > 0) return { status: 'invalid', fields };
  const head = {
    id,
    priceListId: priceList,
    name: change.name ?? present?.name ?? change.plan,
    tier,
    note: change.note ?? present?.note ?? null,
  };
  const version = {
    id: newId(),
    interval: change.interval,
    ...pick(change),
    rollover: change.rollover ?? standing?.rollover ?? false,
    included,
    effectiveFrom,
    retired: false,
  };
  await write(editing, change, 'plan.set', id, { ...head, ...version }, async (sql) => {
    await statements.putPlan(sql, head);
    await statements.addPlanVersion(sql, now, id, version);
  });
  return { status: 'changed', offer: await written(planVersion(database, version.id)) };
}

/** Sets what a pack costs and gives from an instant on; a pack that is not there is made. */
export async function setPack(editing: Editing, change: PackChange): Promise<PackChangeOutcome> {
  const { database, clock, priceList } = editing;
  const now = clock.now();
  const id = editing.idOf(change.pack);
  const effectiveFrom = change.effectiveFrom ?? now;
  const fields = problemsOf({ path: 'pack', id, effectiveFrom, ...pick(change) }, now);
  if (fields.length > 0) return { status: 'invalid', fields };
  const present = await database.prisma.pack.findUnique({ where: { id } });
  const name = change.name ?? present?.name ?? `${change.credits.toLocaleString('en')} credits`;
  const version = { id: newId(), ...pick(change), effectiveFrom, retired: false };
  await write(editing, change, 'pack.set', id, { name, ...version }, async (sql) => {
    await statements.putPack(sql, id, priceList, name);
    await statements.addPackVersion(sql, now, id, version);
  });
  return { status: 'changed', offer: await written(packVersion(database, version.id)) };
}

/** Ends the sale of what is offered, from an instant on; those who have it keep it. */
export function retirePlan(editing: Editing, offer: PlanOffer, change: Change): Promise<Invalid | null> {
  return retire(editing, change, 'plan', offer.planId, offer, (sql, now, ended) =>
    statements.addPlanVersion(sql, now, offer.planId, { ...offer, ...ended }),
  );
}

/** Ends the sale of a pack, from an instant on. */
export function retirePack(editing: Editing, offer: PackOffer, change: Change): Promise<Invalid | null> {
  return retire(editing, change, 'pack', offer.packId, offer, (sql, now, ended) =>
    statements.addPackVersion(sql, now, offer.packId, { ...offer, ...ended }),
  );
}

/** What makes of an offer the version that is sold no more. */
type Ended = Pick<statements.VersionRow, 'id' | 'effectiveFrom' | 'retired'>;

async function retire(
  editing: Editing,
  change: Change,
  path: 'plan' | 'pack',
  id: string,
  offer: PlanOffer | PackOffer,
  add: (sql: Sql, now: Date, ended: Ended) => Promise<void>,
): Promise<Invalid | null> {
  // Looked at once: by a second look, "at once" would be in the past.
  const now = editing.clock.now();
  const effectiveFrom = change.effectiveFrom ?? now;
  const fields = problemsOf({ ...offer, path, id, effectiveFrom }, now);
  if (fields.length > 0) return { status: 'invalid', fields };
  const ended = { id: newId(), effectiveFrom, retired: true };
  await write(editing, change, `${path}.retire`, id, { effectiveFrom }, (sql) => add(sql, now, ended));
  return null;
}

/** A version that was to come, to be taken back. */
export interface Cancellation {
  /** As the versions have it. */
  readonly versionId: string;
  readonly reason: string;
  readonly actor: string;
}

export type CancelOutcome<Offer> =
  /** What will not be. */
  | { readonly status: 'canceled'; readonly offer: Offer }
  /** It has begun, or never was. */
  | { readonly status: 'not-found' };

/** Takes back a version of a plan of the active list before it begins. What has begun stands for good. */
export async function cancelPlanVersion(
  editing: Editing,
  cancellation: Cancellation,
): Promise<CancelOutcome<PlanOffer>> {
  const offer = await planVersion(editing.database, cancellation.versionId);
  const found = offer && { offer, id: offer.planId };
  return cancel(editing, cancellation, 'plan', found, statements.dropPlanVersion);
}

/** Takes back a version of a pack of the active list, likewise. */
export async function cancelPackVersion(
  editing: Editing,
  cancellation: Cancellation,
): Promise<CancelOutcome<PackOffer>> {
  const offer = await packVersion(editing.database, cancellation.versionId);
  const found = offer && { offer, id: offer.packId };
  return cancel(editing, cancellation, 'pack', found, statements.dropPackVersion);
}

async function cancel<Offer extends { readonly priceListId: string }>(
  { database, clock, priceList }: Editing,
  { versionId, reason, actor }: Cancellation,
  what: 'plan' | 'pack',
  found: { readonly offer: Offer; readonly id: string } | null,
  drop: typeof statements.dropPlanVersion,
): Promise<CancelOutcome<Offer>> {
  if (found?.offer.priceListId !== priceList) return { status: 'not-found' };
  const { offer, id: subject } = found;
  return database.transaction(async (sql) => {
    const now = clock.now();
    const dropped = await drop(sql, now, versionId);
    if (!dropped) return { status: 'not-found' };
    const detail = { ...dropped };
    await writeAuditLog(sql, now, { actor, action: `${what}.cancel`, subject, reason, detail });
    return { status: 'canceled', offer };
  });
}

function pick({ priceMicros, credits }: { readonly priceMicros: Micros; readonly credits: number }) {
  return { priceMicros, credits };
}

/** Does the work and says so in the audit log, both or neither. */
async function write(
  { database, clock }: Editing,
  { actor, reason }: Change,
  action: string,
  subject: string,
  detail: Readonly<Record<string, unknown>>,
  work: (sql: Sql) => Promise<void>,
): Promise<void> {
  await database.transaction(async (sql) => {
    await work(sql);
    await writeAuditLog(sql, clock.now(), { actor, action, subject, reason, detail });
  });
}

async function written<Offer>(reading: Promise<Offer | null>): Promise<Offer> {
  const offer = await reading;
  if (!offer) throw new Error('A version has been written and is not there.');
  return offer;
}
