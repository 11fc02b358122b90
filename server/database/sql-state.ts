/** What Postgres calls an error, whoever reports it. */

/** The SQLSTATE of an error of the driver's, or of Prisma's, which keeps it further inside; undefined when it has none. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, meta } = error as {
    code?: unknown;
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } };
  };
  const state = meta?.driverAdapterError?.cause?.originalCode ?? code;
  return typeof state === 'string' ? state : undefined;
}
