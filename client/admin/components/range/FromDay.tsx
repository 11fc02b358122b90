/** From when on a change holds: at once, or from the beginning of a day. */
import { TextInput } from '@mantine/core';
import { useManner } from '../../../ui/preferences.tsx';
import { addDays, beginOf, dayOf, LATEST } from '../../../ui/zone.ts';

interface FromDayProps {
  /** YYYY-MM-DD; empty: at once. */
  readonly value: string;
  readonly onChange: (day: string) => void;
  readonly error?: string | undefined;
}

export function FromDay({ value, onChange, error }: FromDayProps) {
  const { zone } = useManner();
  return (
    <TextInput
      label="From"
      description={`The beginning of a day in ${zone}; empty: at once`}
      type="date"
      min={addDays(dayOf(Date.now(), zone), 1)}
      max={LATEST}
      value={value}
      error={error}
      onChange={({ currentTarget: { value: day } }) => {
        // A year of five digits is a slip, and none that can be reckoned with.
        if (day.length <= LATEST.length) onChange(day);
      }}
    />
  );
}

/** The instant that is meant, as the API takes it; null: at once. */
export const instantOf = (day: string, zone: string): string | null =>
  day === '' ? null : beginOf(day, zone);
