/** Charts. They are loaded when one is shown, since they weigh more than all other pages together. */
import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { TimeChartProps } from './TimeChart.tsx';

export type { Point, Series, TimeChartProps } from './TimeChart.tsx';

const Loaded = lazy(() => import('./TimeChart.tsx'));

/** Amounts over time. It holds its room while it loads. */
export function TimeChart(props: TimeChartProps) {
  return (
    <Suspense fallback={<Skeleton height={props.height ?? 260} />}>
      <Loaded {...props} />
    </Suspense>
  );
}
