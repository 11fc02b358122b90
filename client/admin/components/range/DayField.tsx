/** One end of a range. A browser tells of each digit that is typed: a day is meant when it can be, and one has stopped typing. */
import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { EARLIEST, isDay, LATEST } from '../../../ui/zone.ts';

interface DayFieldProps {
  readonly label: string;
  /** YYYY-MM-DD. */
  readonly value: string;
  readonly min?: string;
  readonly max?: string;
  readonly onDay: (day: string) => void;
}

const WAIT_MS = 400;

export function DayField({ label, value, min = EARLIEST, max = LATEST, onDay }: DayFieldProps) {
  const [typed, setTyped] = useState(value);
  // Another range, by a link or the browser's way back, is another day.
  useEffect(() => setTyped(value), [value]);
  const canBe = (day: string) => isDay(day) && day >= min && day <= max;
  const say = useDebouncedCallback((day: string) => {
    if (canBe(day) && day !== value) onDay(day);
  }, WAIT_MS);
  return (
    <TextInput
      label={label}
      type="date"
      value={typed}
      min={min}
      max={max}
      onChange={({ currentTarget: { value: day } }) => {
        setTyped(day);
        say(day);
      }}
      onBlur={() => {
        if (!canBe(typed)) setTyped(value);
      }}
    />
  );
}
