/** What Postgres calls an error, whoever reports it. */

/**
 * The SQLSTATE of an error of the driver's, or of Prisma's, which keeps it further inside. Where the server did not get to say one, the
 * code that stands in its place, such as ECONNREFUSED or P1001; undefined when there is none.
 */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, meta } = error as {
    code?: unknown;
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } };
  };
  const state = meta?.driverAdapterError?.cause?.originalCode ?? code;
  return typeof state === 'string' ? state : undefined;
}
