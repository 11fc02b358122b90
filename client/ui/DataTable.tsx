/**
 * A table: numbers to the right, in figures of equal width; on a phone the columns that can be done without are left out.
 * A long one is drawn as far as it is seen: the rows above and below are two empty ones of their height.
 */
import { Button, Skeleton, Table, Text } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import classes from './DataTable.module.css';

/** A column of rows of some kind. */
export interface Column<Row> {
  /** Unique in its table. */
  readonly key: string;
  readonly header: ReactNode;
  readonly render: (row: Row) => ReactNode;
  /** Numbers stand at the end. */
  readonly align?: 'start' | 'end';
  /** Left out where there is no room: its value can be seen elsewhere. */
  readonly wide?: boolean;
  /** What can be done with a row: on a phone it stands below the row's header, where it needs no column. */
  readonly acts?: boolean;
  /** The header of its row, by which a screen reader names it. One column has it. */
  readonly isRowHeader?: boolean;
}

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
const ROW_HEIGHT = 41;

/** Of all cells of a column. */
const classOf = ({ align, wide, acts }: Pick<Column<never>, 'align' | 'wide' | 'acts'>): string =>
  `${classes.cell} ${classes[align ?? 'start']} ${wide || acts ? classes.wide : ''}`;

function Rows<Row>({
  columns,
  rows,
  keyOf,
}: Pick<DataTableProps<Row>, 'columns' | 'keyOf'> & { readonly rows: readonly Row[] }) {
  return rows.map((row) => <TableRow key={keyOf(row)} row={row} columns={columns} />);
}

function TableRow<Row>({
  row,
  columns,
  index,
  measure,
}: {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly index?: number;
  readonly measure?: (element: HTMLElement | null) => void;
}) {
  const acts = columns.find((column) => column.acts);
  return (
    <Table.Tr ref={measure} data-index={index} aria-rowindex={index === undefined ? undefined : index + 2}>
      {columns.map((column) => {
        const className = classOf(column);
        return column.isRowHeader ? (
          <Table.Th key={column.key} scope="row" className={`${className} ${classes.rowHeader}`}>
            {column.render(row)}
            {acts && <div className={classes.below}>{acts.render(row)}</div>}
          </Table.Th>
        ) : (
          <Table.Td key={column.key} className={className}>
            {column.render(row)}
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
}

function VirtualRows<Row>({
  columns,
  rows,
  keyOf,
}: Pick<DataTableProps<Row>, 'columns' | 'keyOf'> & { readonly rows: readonly Row[] }) {
  const mark = useRef<HTMLTableRowElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    setOffset((mark.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  const before = first ? first.start - offset : 0;
  const after = last ? virtualizer.getTotalSize() - (last.end - offset) : 0;
  return (
    <>
      <tr ref={mark} style={{ height: before }} />
      {items.map((item) => {
        const row = rows[item.index];
        return (
          row !== undefined && (
            <TableRow
              key={item.key}
              row={row}
              columns={columns}
              index={item.index}
              measure={virtualizer.measureElement}
            />
          )
        );
      })}
      <tr style={{ height: after }} />
    </>
  );
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, keyOf, empty, more, expected = 8, foot } = props;
  const rows = props.rows ?? undefined;
  if (rows?.length === 0) return <>{empty}</>;
  const isVirtual = rows !== undefined && rows.length >= VIRTUAL_FROM;
  return (
    <>
      {/* What is wider than the page scrolls by itself, also by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard. */}
      <section className={classes.scroll} aria-label={label} tabIndex={0}>
        <Table
          highlightOnHover
          aria-label={label}
          aria-busy={rows === undefined}
          aria-rowcount={isVirtual && !more ? rows.length + 1 : undefined}
        >
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.key} scope="col" className={`${classes.head} ${classOf(column)}`}>
                  {column.header}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows === undefined ? (
              Array.from({ length: expected }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same, and are never moved.
                <Table.Tr key={index}>
                  {columns.map((column) => (
                    <Table.Td key={column.key} className={classOf(column)}>
                      <Skeleton
                        height={14}
                        my={5}
                        width={column.align === 'end' ? '60%' : '80%'}
                        ml={column.align === 'end' ? 'auto' : 0}
                      />
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))
            ) : isVirtual ? (
              <VirtualRows columns={columns} rows={rows} keyOf={keyOf} />
            ) : (
              <Rows columns={columns} rows={rows} keyOf={keyOf} />
            )}
          </Table.Tbody>
          {foot && rows !== undefined && (
            <Table.Tfoot>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Td key={column.key} className={`${classes.foot} ${classOf(column)}`}>
                    {foot[column.key]}
                  </Table.Td>
                ))}
              </Table.Tr>
            </Table.Tfoot>
          )}
        </Table>
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
