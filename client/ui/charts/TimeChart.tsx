/**
 * Amounts over time, as lines or bars. The lines are drawn from rounded numbers; what is written beside them, and in the table
 * that can be opened below, are the exact amounts.
 */
import { BarChart, LineChart } from '@mantine/charts';
import '@mantine/charts/styles.layer.css';
import { Button, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type Column, DataTable } from '../DataTable.tsx';
import { formatInstant, formatMoney, type InstantStyle } from '../format.ts';
import { useManner } from '../preferences.tsx';
import { Instant, Money } from '../values.tsx';

/** The amounts of one instant, by the keys of the series. Exact decimal text. */
export interface Point {
  readonly at: string;
  readonly amounts: Readonly<Record<string, string>>;
}

export interface Series {
  readonly key: string;
  readonly label: string;
  /** A colour of the theme, such as `teal.6`. Two series differ by more than colour: the second line is dashed. */
  readonly color: string;
}

export interface TimeChartProps {
  /** What it shows, as a sentence for those who do not see it. */
  readonly label: string;
  readonly points: readonly Point[];
  readonly series: readonly Series[];
  readonly currency: string;
  readonly kind?: 'line' | 'bar';
  readonly height?: number;
  /** How the instants are written. */
  readonly style?: InstantStyle;
}

const DASHES = ['0', '6 3', '2 3', '8 3 2 3'];

export default function TimeChart(props: TimeChartProps) {
  const { label, points, series, currency, kind = 'line', height = 260, style = 'day' } = props;
  const manner = useManner();
  const [isTable, table] = useDisclosure(false);
  const data = points.map(({ at, amounts }) => ({
    at,
    ...Object.fromEntries(series.map(({ key }) => [key, Number(amounts[key] ?? '0')])),
  }));
  const shared = {
    h: height,
    data,
    dataKey: 'at',
    withLegend: series.length > 1,
    valueFormatter: (value: number) => formatMoney(value.toFixed(6), currency, manner, 'cents'),
    xAxisProps: { tickFormatter: (at: string) => formatInstant(at, manner, style), minTickGap: 24 },
    tooltipAnimationDuration: 0,
    tooltipProps: {
      content: ({ label: at }: { label?: unknown }) => {
        const point = points.find((each) => each.at === at);
        return (
          point && (
            <Paper withBorder shadow="sm" p="xs">
              <Text size="sm" fw={600}>
                {formatInstant(point.at, manner, style)}
              </Text>
              {series.map(({ key, label: name }) => (
                <Text size="sm" key={key}>
                  {name}: {formatMoney(point.amounts[key] ?? '0', currency, manner)}
                </Text>
              ))}
            </Paper>
          )
        );
      },
    },
  };
  const columns: Column<Point>[] = [
    {
      key: 'at',
      header: 'When',
      isRowHeader: true,
      render: (point) => <Instant value={point.at} style={style} />,
    },
    ...series.map(
      ({ key, label: name }): Column<Point> => ({
        key,
        header: name,
        align: 'end',
        render: (point) => <Money value={{ amount: point.amounts[key] ?? '0', currency }} />,
      }),
    ),
  ];
  return (
    <Stack gap="xs">
      <div role="img" aria-label={label}>
        {kind === 'bar' ? (
          <BarChart
            {...shared}
            series={series.map(({ key, label: name, color }) => ({ name: key, label: name, color }))}
          />
        ) : (
          <LineChart
            {...shared}
            withDots={points.length < 40}
            curveType="monotone"
            lineProps={{ isAnimationActive: false }}
            series={series.map(({ key, label: name, color }, index) => ({
              name: key,
              label: name,
              color,
              strokeDasharray: DASHES[index % DASHES.length] ?? '0',
            }))}
          />
        )}
      </div>
      <div>
        <Button variant="subtle" size="compact-sm" onClick={table.toggle} aria-expanded={isTable}>
          {isTable ? 'Hide the table' : 'Show as a table'}
        </Button>
      </div>
      {isTable && (
        <DataTable label={label} columns={columns} rows={points} keyOf={(point) => point.at} empty={null} />
      )}
    </Stack>
  );
}
