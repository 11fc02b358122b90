/**
 * What a careful developer writes first: the same bookkeeping on the same tables, one call a transaction, through Prisma's
 * interactive transactions, with row locks by `$queryRaw … FOR UPDATE` since Prisma has none of its own. Its effects are
 * the ledger's, and the audit holds it to them.
 */
import type { Prisma, PrismaClient } from '../../server/database/index.ts';
import type { ReserveItem, SettleItem } from '../../server/ledger/index.ts';

/** Long enough that no transaction is given up while it waits for its turn. */
const PATIENCE = { maxWait: 60_000, timeout: 60_000 };

const QUARTER_HOUR_MS = 15 * 60_000;
const DAY_MS = 96 * QUARTER_HOUR_MS;

interface AccountRow {
  readonly id: string;
  readonly posted: number;
  readonly reserved: number;
  readonly entry_sequence: number;
  readonly tier: 'PAYG';
  readonly country: string | null;
}

interface WindowRow {
  readonly id: bigint;
  readonly spent_micros: bigint;
  readonly reserved_micros: bigint;
}

export async function reserveNaively(
  prisma: PrismaClient,
  processId: string,
  item: ReserveItem,
): Promise<'reserved' | 'replay' | 'refused'> {
  return prisma.$transaction(async (tx) => {
    const now = new Date();
    const [account] = await tx.$queryRaw<
      AccountRow[]
    >`SELECT id, posted, reserved, entry_sequence, tier, country FROM account WHERE id = ${item.accountId}::uuid FOR UPDATE`;
    if (!account) return 'refused';
    const key = { namespace: item.namespace, key: item.key };
    if (await tx.idempotencyRecord.findUnique({ where: { namespace_key: key } })) return 'replay';
    await tx.idempotencyRecord.create({
      data: {
        ...key,
        operation: item.operation,
        inputHash: item.inputHash,
        resultId: item.id,
        createdAt: now,
      },
    });
    const protection = await tx.protection.findUniqueOrThrow({ where: { id: 1 } });
    if (protection.state === 'SHUTDOWN') throw new Error('Shut down.');
    if (account.posted - account.reserved < item.credits) throw new Error('Insufficient credits.');

    const budget = await tx.budget.findFirstOrThrow({ where: { scope: 'GLOBAL' } });
    const startsAt = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
    await tx.budgetWindow.createMany({
      data: [{ budgetId: budget.id, startsAt, endsAt: new Date(startsAt.getTime() + DAY_MS) }],
      skipDuplicates: true,
    });
    const [window] = await tx.$queryRaw<
      WindowRow[]
    >`SELECT id, spent_micros, reserved_micros FROM budget_window WHERE budget_id = ${budget.id}::uuid AND starts_at = ${startsAt} FOR UPDATE`;
    if (!window) throw new Error('The window is gone.');
    if (window.spent_micros + window.reserved_micros + item.ceilingMicros > budget.limitMicros) {
      throw new Error('Budget exceeded.');
    }
    await tx.budgetWindow.update({
      where: { id: window.id },
      data: { reservedMicros: { increment: item.ceilingMicros }, admittedLimitMicros: budget.limitMicros },
    });

    const grants = await tx.grant.findMany({
      where: { accountId: account.id, exhausted: false },
      orderBy: [{ priority: 'asc' }, { expiresAt: { sort: 'asc', nulls: 'last' } }, { id: 'asc' }],
    });
    let need = item.credits;
    const grantIds: string[] = [];
    const grantReserved: number[] = [];
    for (const grant of grants) {
      const free = grant.credits - grant.used - grant.expired - grant.revoked - grant.reserved;
      const take = Math.min(need, free);
      if (take <= 0) continue;
      need -= take;
      await tx.grant.update({ where: { id: grant.id }, data: { reserved: { increment: take } } });
      grantIds.push(grant.id);
      grantReserved.push(take);
      if (need === 0) break;
    }
    await tx.reservation.create({
      data: {
        id: item.id,
        accountId: account.id,
        creditsReserved: item.credits,
        ceilingMicros: item.ceilingMicros,
        windowIds: [window.id],
        grantIds,
        grantReserved,
        processId,
        createdAt: now,
        expiresAt: item.expiresAt,
      },
    });
    const sequence = account.entry_sequence + 1;
    await tx.account.update({
      where: { id: account.id },
      data: { reserved: { increment: item.credits }, entrySequence: sequence, updatedAt: now },
    });
    await tx.entry.create({
      data: {
        accountId: account.id,
        sequence,
        kind: 'RESERVE',
        credits: -item.credits,
        postedDelta: 0,
        reservedDelta: item.credits,
        availableAfter: account.posted - account.reserved - item.credits,
        generationId: item.id,
        createdAt: now,
      },
    });
    await tx.generation.create({
      data: {
        id: item.id,
        accountId: account.id,
        operation: item.operation,
        status: 'RUNNING',
        provider: item.provider,
        model: item.model,
        prompt: item.prompt,
        request: item.request as object,
        tier: account.tier,
        country: account.country,
        creditsReserved: item.credits,
        modelCostId: item.modelCostId,
        modelPriceId: item.modelPriceId,
        sentAt: now,
        createdAt: now,
      },
    });
    return 'reserved';
  }, PATIENCE);
}

/** Posts a reservation whole; what else can become of one is left out, which makes it no slower. */
export async function settleNaively(
  prisma: PrismaClient,
  accountId: string,
  item: SettleItem,
): Promise<'settled' | 'already'> {
  return prisma.$transaction(async (tx) => {
    const now = new Date();
    const [account] = await tx.$queryRaw<
      AccountRow[]
    >`SELECT id, posted, reserved, entry_sequence, tier, country FROM account WHERE id = ${accountId}::uuid FOR UPDATE`;
    if (!account) throw new Error('There is no such account.');
    await tx.$queryRaw`SELECT 1 FROM reservation WHERE id = ${item.generationId}::uuid FOR NO KEY UPDATE`;
    const reservation = await tx.reservation.findUniqueOrThrow({ where: { id: item.generationId } });
    if (reservation.status !== 'PENDING') return 'already';
    const generation = await tx.generation.findUniqueOrThrow({ where: { id: item.generationId } });

    let revenueMicros = 0n;
    let left = item.credits;
    const grantPosted: number[] = [];
    const grantRevenue: bigint[] = [];
    for (const [index, grantId] of reservation.grantIds.entries()) {
      const grant = await tx.grant.findUniqueOrThrow({ where: { id: grantId } });
      const reserved = reservation.grantReserved[index] ?? 0;
      const take = Math.min(left, reserved);
      const earned = (used: number) => (grant.revenueMicros * BigInt(used)) / BigInt(grant.credits);
      const gained = earned(grant.used + take) - earned(grant.used);
      left -= take;
      revenueMicros += gained;
      await tx.grant.update({
        where: { id: grant.id },
        data: {
          used: { increment: take },
          reserved: { decrement: reserved },
          exhausted: grant.used + take + grant.expired + grant.revoked === grant.credits,
        },
      });
      grantPosted.push(take);
      grantRevenue.push(gained);
    }

    let costMicros = 0n;
    for (const attempt of item.attempts) {
      costMicros += attempt.costMicros;
      await tx.attempt.create({
        data: {
          generationId: generation.id,
          number: attempt.number,
          provider: attempt.provider,
          model: attempt.model,
          operation: generation.operation,
          accountId: account.id,
          tier: generation.tier,
          country: generation.country,
          outcome: attempt.outcome,
          costMicros: attempt.costMicros,
          costSource: attempt.costSource,
          modelCostId: attempt.modelCostId,
          creditsCharged: item.credits,
          revenueMicros,
          durationMs: attempt.durationMs,
          startedAt: attempt.startedAt,
          bookedAt: now,
        },
      });
      await addToSummaries(tx, {
        at: now,
        accountId: account.id,
        key: { provider: attempt.provider, model: attempt.model, operation: generation.operation },
        segment: { tier: generation.tier, country: generation.country ?? '', plan: '' },
        sums: {
          calls: 1,
          succeeded: 1,
          failed: 0,
          cacheHits: 0,
          credits: BigInt(item.credits),
          costMicros: attempt.costMicros,
          lostCostMicros: 0n,
          revenueMicros,
          durationMs: BigInt(attempt.durationMs),
        },
      });
    }
    for (const id of reservation.windowIds) {
      await tx.budgetWindow.update({
        where: { id },
        data: {
          spentMicros: { increment: costMicros },
          reservedMicros: { decrement: reservation.ceilingMicros },
        },
      });
    }
    await tx.reservation.update({
      where: { id: reservation.id },
      data: {
        status: 'POSTED',
        resolvedAt: now,
        creditsPosted: item.credits,
        costMicros,
        grantPosted,
        grantRevenue,
      },
    });
    const sequence = account.entry_sequence + 1;
    const posted = account.posted - item.credits;
    const reserved = account.reserved - reservation.creditsReserved;
    await tx.account.update({
      where: { id: account.id },
      data: { posted, reserved, entrySequence: sequence, updatedAt: now },
    });
    await tx.entry.create({
      data: {
        accountId: account.id,
        sequence,
        kind: 'POST',
        credits: reservation.creditsReserved - item.credits,
        postedDelta: -item.credits,
        reservedDelta: -reservation.creditsReserved,
        availableAfter: posted - reserved,
        deferredDeltaMicros: -revenueMicros,
        generationId: generation.id,
        createdAt: now,
      },
    });
    await tx.generation.update({
      where: { id: generation.id },
      data: {
        status: 'SUCCEEDED',
        creditsCharged: item.credits,
        costMicros,
        revenueMicros,
        completedAt: now,
      },
    });
    await tx.output.createMany({
      data: item.outputs.map((output) => ({ ...output, generationId: generation.id })),
    });
    return 'settled';
  }, PATIENCE);
}

/** What one booked attempt adds to the summaries. */
interface Line {
  readonly at: Date;
  readonly accountId: string;
  readonly key: Pick<Prisma.ModelSummaryUncheckedCreateInput, 'provider' | 'model' | 'operation'>;
  readonly segment: Pick<Prisma.SegmentSummaryUncheckedCreateInput, 'tier' | 'country' | 'plan'>;
  readonly sums: Readonly<Record<'calls' | 'succeeded' | 'failed' | 'cacheHits', number>> &
    Readonly<Record<'credits' | 'costMicros' | 'lostCostMicros' | 'revenueMicros' | 'durationMs', bigint>>;
}

/** Five rows, an upsert each. */
async function addToSummaries(
  tx: Prisma.TransactionClient,
  { at, accountId, key, segment, sums }: Line,
): Promise<void> {
  const update = {
    calls: { increment: sums.calls },
    succeeded: { increment: sums.succeeded },
    credits: { increment: sums.credits },
    costMicros: { increment: sums.costMicros },
    revenueMicros: { increment: sums.revenueMicros },
    durationMs: { increment: sums.durationMs },
  };
  const floor = (ms: number) => new Date(Math.floor(at.getTime() / ms) * ms);
  for (const time of [
    { grain: 'QUARTER_HOUR', at: floor(QUARTER_HOUR_MS) },
    { grain: 'DAY', at: floor(DAY_MS) },
  ] as const) {
    const byModel = { ...time, ...key };
    await tx.modelSummary.upsert({
      where: { grain_at_provider_model_operation: byModel },
      create: { ...byModel, ...sums },
      update,
    });
    const bySegment = { ...byModel, ...segment };
    await tx.segmentSummary.upsert({
      where: { grain_at_provider_model_operation_tier_country_plan: bySegment },
      create: { ...bySegment, ...sums },
      update,
    });
  }
  const byAccount = { day: floor(DAY_MS), accountId, ...key, ...segment };
  await tx.accountSummary.upsert({
    where: { day_accountId_provider_model_operation_tier_country_plan: byAccount },
    create: { ...byAccount, ...sums },
    update,
  });
}
