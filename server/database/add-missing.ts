/**
 * Adds shipped rows that are not there yet. Almost every start finds all of them, and asks for nothing.
 *
 * @param known ids of those that are there.
 * @param create adds rows, but for those that another process has just added.
 * @returns how many were added.
 */
export async function addMissing<Row extends { readonly id: string }>(
  known: ReadonlySet<string>,
  shipped: readonly Row[],
  create: (missing: { data: Row[]; skipDuplicates: true }) => Promise<{ count: number }>,
): Promise<number> {
  const data = shipped.filter(({ id }) => !known.has(id));
  return data.length > 0 ? (await create({ data, skipDuplicates: true })).count : 0;
}
