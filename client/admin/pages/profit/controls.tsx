/** What can be chosen on the profit page. */
import {
  Checkbox,
  Group,
  MultiSelect,
  Pill,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
} from '@mantine/core';
import { choicesOf } from '../../../ui/format.ts';
import { DayField } from '../../components/range/DayField.tsx';
import { OPERATIONS, TIERS } from '../../enums.ts';
import type { Days } from '../../range.ts';
import { DIMENSIONS, groupsOf, INTERVALS, RANGES, type Search } from './question.ts';

const PRESETS = RANGES.map((value) => ({ value, label: value === '1' ? 'Today' : `${value} days` }));

/** Values that a filter may have: those of the range, and those that are chosen. */
export interface Choices {
  readonly providers: readonly string[];
  readonly models: readonly string[];
  readonly countries: readonly string[];
  readonly plans: readonly string[];
  /** The user that is chosen, as people know them; null while that is not known. */
  readonly account: string | null;
}

interface ControlsProps {
  readonly search: Search;
  readonly days: Days;
  readonly interval: (typeof INTERVALS)[number];
  readonly choices: Choices;
  readonly onChange: (next: Partial<Search>) => void;
}

interface FilterProps<Value extends string> {
  readonly label: string;
  readonly chosen: readonly Value[] | undefined;
  readonly data: readonly (string | { readonly value: string; readonly label: string })[];
  readonly onChange: (values: readonly Value[] | undefined) => void;
}

function Filter<Value extends string>({ label, chosen = [], data, onChange }: FilterProps<Value>) {
  const known = new Set(data.map((each) => (typeof each === 'string' ? each : each.value)));
  return (
    <MultiSelect
      label={label}
      placeholder={chosen.length === 0 ? 'All' : ''}
      clearable
      searchable
      hidePickedOptions
      clearButtonProps={{ 'aria-label': `All of ${label.toLowerCase()}` }}
      data={[...data, ...chosen.filter((value) => !known.has(value))]}
      value={[...chosen]}
      onChange={(values) => onChange(values.length === 0 ? undefined : (values as Value[]))}
    />
  );
}

export function Controls({ search, days, interval, choices, onChange }: ControlsProps) {
  const isPreset = !(search.from && search.to);
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <SegmentedControl
          aria-label="Range"
          style={{ maxWidth: '100%', overflowX: 'auto' }}
          value={isPreset ? (search.days ?? '30') : ''}
          data={PRESETS}
          onChange={(value) =>
            onChange({ days: RANGES.find((each) => each === value), from: undefined, to: undefined })
          }
        />
        <DayField
          label="From"
          value={days.from}
          max={days.to}
          onDay={(from) => onChange({ from, to: days.to })}
        />
        <DayField
          label="To"
          value={days.to}
          min={days.from}
          onDay={(to) => onChange({ from: days.from, to })}
        />
        <MultiSelect
          label="By"
          miw={180}
          maw={420}
          hidePickedOptions
          data={choicesOf(DIMENSIONS)}
          value={[...groupsOf(search)]}
          onChange={(values) =>
            onChange({ by: values.length === 0 ? undefined : (values as (typeof DIMENSIONS)[number][]) })
          }
        />
        <Select
          label="Drawn by"
          w={120}
          data={choicesOf(INTERVALS)}
          value={interval}
          allowDeselect={false}
          onChange={(value) => onChange({ interval: INTERVALS.find((each) => each === value) })}
        />
      </Group>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
        <Filter
          label="Providers"
          chosen={search.providers}
          data={choices.providers}
          onChange={(providers) => onChange({ providers })}
        />
        <Filter
          label="Models"
          chosen={search.models}
          data={choices.models}
          onChange={(models) => onChange({ models })}
        />
        <Filter
          label="Operations"
          chosen={search.operations}
          data={choicesOf(OPERATIONS)}
          onChange={(operations) => onChange({ operations })}
        />
        <Filter
          label="Tiers"
          chosen={search.tiers}
          data={choicesOf(TIERS)}
          onChange={(tiers) => onChange({ tiers })}
        />
        <Filter
          label="Countries"
          chosen={search.countries}
          data={choices.countries}
          onChange={(countries) => onChange({ countries })}
        />
        <Filter
          label="Plans"
          chosen={search.plans}
          data={choices.plans}
          onChange={(plans) => onChange({ plans })}
        />
      </SimpleGrid>
      <Group gap="sm">
        {search.account !== undefined && (
          <Pill
            size="lg"
            withRemoveButton
            removeButtonProps={{ 'aria-label': 'All users', 'aria-hidden': false, tabIndex: 0 }}
            onRemove={() => onChange({ account: undefined })}
          >
            Of {choices.account ?? 'one user'}
          </Pill>
        )}
        <Checkbox
          label="Beside the time before"
          checked={search.compare ?? false}
          onChange={({ currentTarget: { checked } }) => onChange({ compare: checked ? true : undefined })}
        />
      </Group>
    </Stack>
  );
}
