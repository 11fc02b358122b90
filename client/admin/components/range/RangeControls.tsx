/** Chooses whole days: the last so many, or from one to another. */
import { Group, SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Days } from '../../range.ts';
import { DayField } from './DayField.tsx';

interface RangeControlsProps<Preset extends string> {
  readonly days: Days;
  /** The last so many days, as a choice of the address. */
  readonly presets: readonly Preset[];
  /** The one that is chosen; null while days are named. */
  readonly preset: Preset | null;
  readonly onPreset: (preset: Preset) => void;
  readonly onDays: (days: Days) => void;
  /** More fields in the same row. */
  readonly children?: ReactNode;
}

const labelOf = (days: string) => (days === '1' ? 'Today' : days === '365' ? 'A year' : `${days} days`);

export function RangeControls<Preset extends string>(props: RangeControlsProps<Preset>) {
  const { days, presets, preset, onPreset, onDays, children } = props;
  return (
    <Group align="flex-end" gap="sm">
      <SegmentedControl
        aria-label="Range"
        style={{ maxWidth: '100%', overflowX: 'auto' }}
        value={preset ?? ''}
        data={presets.map((value) => ({ value: value as string, label: labelOf(value) }))}
        onChange={(value) => {
          const chosen = presets.find((each) => each === value);
          if (chosen) onPreset(chosen);
        }}
      />
      <DayField
        label="From"
        value={days.from}
        max={days.to}
        onDay={(from) => onDays({ from, to: days.to })}
      />
      <DayField label="To" value={days.to} min={days.from} onDay={(to) => onDays({ from: days.from, to })} />
      {children}
    </Group>
  );
}
