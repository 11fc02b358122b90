/** What is used of which models, line by line. */
import { ActionIcon, Button, Group, NumberInput, Select, Stack, Text } from '@mantine/core';
import IconPlus from '@tabler/icons-react/icons/IconPlus';
import IconTrash from '@tabler/icons-react/icons/IconTrash';
import type { UsesEditor_CatalogModelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { toUse, type Use } from './uses.ts';

const UsesEditor_CatalogModelFragment = graphql(`
  fragment UsesEditor_CatalogModelFragment on CatalogModel {
    id
    model
    sizes
    qualities
    durations
  }
`);

type Model = UsesEditor_CatalogModelFragmentFragment;

interface UsesEditorProps {
  readonly models: readonly FragmentType<typeof UsesEditor_CatalogModelFragment>[] | undefined;
  readonly uses: readonly Use[];
  readonly onChange: (uses: readonly Use[]) => void;
}

/** A variant of a model: a choice where it lists several, nothing otherwise. */
function Variant(props: {
  readonly label: string;
  readonly values: readonly string[] | undefined;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}) {
  const { label, values, value, onChange } = props;
  const all = values ?? (value ? [value] : []);
  if (all.length === 0) return null;
  return (
    <Select
      label={label}
      w={130}
      placeholder={all[0]}
      clearable
      clearButtonProps={{ 'aria-label': `The default ${label.toLowerCase()}` }}
      data={[...new Set([...all, ...(value ? [value] : [])])]}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

function UseLine(props: {
  readonly models: readonly Model[];
  readonly use: Use;
  readonly number: number;
  readonly onChange: (use: Use) => void;
  readonly onRemove: () => void;
}) {
  const { models, use, number, onChange, onRemove } = props;
  const model = models.find((each) => each.model === use.model);
  const change = (next: { [Key in keyof Use]?: Use[Key] | undefined }) =>
    onChange(toUse({ ...use, ...next } as Use));
  return (
    <Group align="flex-end" gap="xs" component="fieldset" style={{ border: 0, margin: 0, padding: 0 }}>
      <legend hidden>Use {number}</legend>
      <NumberInput
        label="Count"
        w={90}
        min={0}
        max={1_000_000}
        allowDecimal={false}
        value={use.count}
        onChange={(value) => change({ count: Number(value) || 0 })}
      />
      <Select
        label="Model"
        w={230}
        searchable
        allowDeselect={false}
        data={[...new Set([...models.map((each) => each.model), use.model])]}
        value={use.model}
        onChange={(value) => value && onChange({ model: value, count: use.count })}
        nothingFoundMessage="No model by that name"
      />
      <Variant
        label="Seconds"
        values={model?.durations.map(String)}
        value={use.durationSeconds === undefined ? undefined : String(use.durationSeconds)}
        onChange={(value) => change({ durationSeconds: value === undefined ? undefined : Number(value) })}
      />
      <Variant label="Size" values={model?.sizes} value={use.size} onChange={(size) => change({ size })} />
      <Variant
        label="Quality"
        values={model?.qualities}
        value={use.quality}
        onChange={(quality) => change({ quality })}
      />
      <ActionIcon variant="default" size={36} aria-label={`Remove use ${number}`} onClick={onRemove}>
        <IconTrash size={16} aria-hidden="true" />
      </ActionIcon>
    </Group>
  );
}

export function UsesEditor({ uses, onChange, ...props }: UsesEditorProps) {
  const models = readFragment(UsesEditor_CatalogModelFragment, props.models) ?? [];
  const put = (index: number, use: Use) => onChange(uses.map((each, at) => (at === index ? use : each)));
  const first = models[0];
  return (
    <Stack gap="sm" align="flex-start">
      {uses.length === 0 && (
        <Text size="sm" c="dimmed">
          No use yet: what a credit can be spent on decides.
        </Text>
      )}
      {uses.map((use, index) => (
        <UseLine
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place, and keeps focus while it changes.
          key={index}
          number={index + 1}
          models={models}
          use={use}
          onChange={(next) => put(index, next)}
          onRemove={() => onChange(uses.filter((_, at) => at !== index))}
        />
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={14} aria-hidden="true" />}
        disabled={!first}
        onClick={() => first && onChange([...uses, { model: first.model, count: 1 }])}
      >
        Add a use
      </Button>
    </Stack>
  );
}
