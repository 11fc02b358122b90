/** The cash book, by Prisma: sums of few rows that need nothing which it cannot say. */
import type { Database } from '../../database/index.ts';
import type { Micros } from '../../money.ts';
import type { TimeRange } from '../types.ts';

/** The cash book of a time, each figure positive in the sense of its name. */
export interface Cash {
  /** What customers paid, without tax. */
  readonly cashMicros: Micros;
  readonly feesMicros: Micros;
  readonly refundsMicros: Micros;
}

/** Adds up the lines of the cash book by what they are. */
export async function readCash({ prisma }: Database, { from, to }: TimeRange): Promise<Cash> {
  const rows = await prisma.bookLine.groupBy({
    by: ['kind'],
    where: { at: { gte: from, lt: to } },
    _sum: { amountMicros: true },
  });
  const sums = new Map(rows.map((row) => [row.kind, row._sum.amountMicros ?? 0n]));
  const of = (kind: (typeof rows)[number]['kind']): Micros => sums.get(kind) ?? 0n;
  return {
    cashMicros: of('PAYMENT'),
    feesMicros: -of('FEE') - of('DISPUTE_FEE'),
    refundsMicros: -of('REFUND') - of('DISPUTE'),
  };
}
