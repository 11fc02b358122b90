/** The rows of a long table that are seen, between two empty ones that are as high as those above and below. */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import { type RowsProps, TableRow } from './TableRow.tsx';

const ROW_HEIGHT = 41;

export function VirtualRows<Row>({ columns, rows, keyOf }: RowsProps<Row>) {
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
