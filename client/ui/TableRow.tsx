/** Columns, and a row of a table as they say. */
import type { ReactNode } from 'react';
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

/** What rows are drawn from. */
export interface RowsProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

/** Of all cells of a column. */
export const classOf = ({ align, wide, acts }: Pick<Column<never>, 'align' | 'wide' | 'acts'>): string =>
  `${classes.cell} ${classes[align ?? 'start']} ${wide || acts ? classes.wide : ''}`;

export function TableRow<Row>({
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
    <tr ref={measure} data-index={index} aria-rowindex={index === undefined ? undefined : index + 2}>
      {columns.map((column) => {
        const className = classOf(column);
        return column.isRowHeader ? (
          <th key={column.key} scope="row" className={`${className} ${classes.rowHeader}`}>
            {column.render(row)}
            {acts && <div className={classes.below}>{acts.render(row)}</div>}
          </th>
        ) : (
          <td key={column.key} className={className}>
            {column.render(row)}
          </td>
        );
      })}
    </tr>
  );
}
