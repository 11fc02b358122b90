/**
 * A table: numbers to the right, in figures of equal width; on a phone the columns that can be done without are left out.
 * A long one is drawn as far as it is seen: the rows above and below are two empty ones of their height. Its cells are HTML's own:
 * there may be a thousand of them.
 */
import { Button, Skeleton, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './DataTable.module.css';
import { later } from './later.tsx';
import { type Column, classOf, type RowsProps, TableRow } from './TableRow.tsx';

export type { Column } from './TableRow.tsx';

interface DataTableProps<Row> {
  /** What the table holds, for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  /** Undefined while they are not known. */
  readonly rows: readonly Row[] | null | undefined;
  readonly keyOf: (row: Row) => string;
  /** What is shown when there are none. */
  readonly empty: ReactNode;
  /** When there are more to be had. */
  readonly more?: { readonly isLoading: boolean; readonly load: () => void } | undefined;
  /** How many rows to hold room for while loading. */
  readonly expected?: number;
  /** A row below all others, such as a sum: a cell for each column that has one. */
  readonly foot?: Readonly<Record<string, ReactNode>>;
}

/** From so many rows on only those are drawn that are seen. */
const VIRTUAL_FROM = 60;

const useVirtualRows = later(() => import('./VirtualRows.tsx').then(({ VirtualRows }) => VirtualRows));

function Rows<Row>({ columns, rows, keyOf }: RowsProps<Row>) {
  return rows.map((row) => <TableRow key={keyOf(row)} row={row} columns={columns} />);
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, keyOf, empty, more, expected = 8, foot } = props;
  const rows = props.rows ?? undefined;
  const isVirtual = rows !== undefined && rows.length >= VIRTUAL_FROM;
  const VirtualRows = useVirtualRows(isVirtual);
  if (rows?.length === 0) return <>{empty}</>;
  return (
    <>
      {/* What is wider than the page scrolls by itself, also by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard. */}
      <section className={classes.scroll} aria-label={label} tabIndex={0}>
        <table
          className={classes.table}
          aria-label={label}
          aria-busy={rows === undefined}
          aria-rowcount={isVirtual && !more ? rows.length + 1 : undefined}
        >
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.key} scope="col" className={`${classes.head} ${classOf(column)}`}>
                  {column.header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows === undefined ? (
              Array.from({ length: expected }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same, and are never moved.
                <tr key={index}>
                  {columns.map((column) => (
                    <td key={column.key} className={classOf(column)}>
                      <Skeleton
                        height={14}
                        my={5}
                        width={column.align === 'end' ? '60%' : '80%'}
                        ml={column.align === 'end' ? 'auto' : 0}
                      />
                    </td>
                  ))}
                </tr>
              ))
            ) : isVirtual && VirtualRows ? (
              <VirtualRows columns={columns} rows={rows} keyOf={keyOf} />
            ) : (
              // As many of a long one until what draws the others is there.
              <Rows columns={columns} rows={rows.slice(0, VIRTUAL_FROM)} keyOf={keyOf} />
            )}
          </tbody>
          {foot && rows !== undefined && (
            <tfoot>
              <tr>
                {columns.map((column) => (
                  <td key={column.key} className={`${classes.foot} ${classOf(column)}`}>
                    {foot[column.key]}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      {rows !== undefined && more && (
        <div className={classes.more}>
          <Text size="sm" c="dimmed">
            {rows.length} shown
          </Text>
          <Button variant="default" size="xs" onClick={more.load} loading={more.isLoading}>
            Load more
          </Button>
        </div>
      )}
    </>
  );
}
