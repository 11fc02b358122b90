/** Models with what they cost, what is asked for them, and whether that leaves enough. */
import { Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State } from '../../../ui/State.tsx';
import { Count, Instant, Money, Nothing, Ratio } from '../../../ui/values.tsx';
import type { ModelTable_CatalogModelFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { TextLink } from '../../links.tsx';
import type { ChangeDraft } from './ChangeForm.tsx';
import { MarginState } from './MarginState.tsx';
import { variantOf } from './variant.ts';

const ModelTable_CatalogModelFragment = graphql(`
  fragment ModelTable_CatalogModelFragment on CatalogModel {
    id
    model
    operation
    quality
    available
    sandbox
    retiresAt
    replacedBy
    note
    sizes
    qualities
    durations
    belowFloor
    costFrom {
      amount
      currency
    }
    prices {
      size
      quality
      durationSeconds
      unit
      credits
      margin
      marginMax
      markup
      belowFloor
      cost {
        amount
        currency
      }
    }
  }
`);

type Model = ModelTable_CatalogModelFragmentFragment;
type Price = Model['prices'][number];

/** A line for each price; a model without one has a line too. */
interface Line {
  readonly model: Model;
  readonly price: Price | null;
  readonly key: string;
  readonly isFirst: boolean;
}

function ModelState({ model: { available, sandbox, retiresAt } }: { readonly model: Model }) {
  const isRetired = retiresAt !== null && retiresAt !== undefined && Date.parse(retiresAt) <= Date.now();
  if (isRetired) return <State tone="quiet">Retired</State>;
  if (!available) return <State tone="warning">Not served</State>;
  if (retiresAt) {
    return (
      <State tone="warning">
        Retires <Instant value={retiresAt} style="day" />
      </State>
    );
  }
  return sandbox ? <State tone="busy">Sandbox</State> : <State tone="good">Served</State>;
}

const COLUMNS: readonly Column<Line>[] = [
  {
    key: 'model',
    header: 'Model',
    isRowHeader: true,
    render: ({ model, price, isFirst }) => (
      <Stack gap={2}>
        {isFirst ? (
          <Group gap="4px 8px">
            <TextLink to="/catalogue" search={{ model: model.id }}>
              {model.model}
            </TextLink>
            <ModelState model={model} />
          </Group>
        ) : (
          <VisuallyHidden>{model.model}</VisuallyHidden>
        )}
        {isFirst && (
          <Text size="xs" c="dimmed" maw="52ch">
            {wordsOf(model.operation)}, quality {model.quality}
            {model.replacedBy && `; replaced by ${model.replacedBy}`}. {model.note}
          </Text>
        )}
        <Text hiddenFrom="sm" size="sm">
          {price ? `For ${variantOf(price)}` : 'No price'}
        </Text>
      </Stack>
    ),
  },
  {
    key: 'variant',
    header: 'For',
    wide: true,
    render: ({ price }) => (price ? variantOf(price) : <Nothing label="no price" />),
  },
  {
    key: 'cost',
    header: 'Cost',
    align: 'end',
    wide: true,
    render: ({ price, model }) => <Money value={price?.cost ?? model.costFrom} />,
  },
  {
    key: 'price',
    header: 'Credits',
    align: 'end',
    render: ({ price }) => (price ? <Count value={price.credits} /> : <Nothing label="no price" />),
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    render: MarginState,
  },
  {
    key: 'markup',
    header: 'Markup',
    align: 'end',
    wide: true,
    render: ({ price }) => <Ratio value={price?.markup} none="no cost" />,
  },
];

/** What a change of a price begins with: its variant, as the model takes it. */
function draftOf(model: Model, price: Price | null): ChangeDraft {
  const { size = null, quality = null, durationSeconds = null, credits = 1, unit } = price ?? {};
  return {
    model: model.model,
    sizes: model.sizes,
    qualities: model.qualities,
    durations: model.durations,
    by: 'credits',
    size,
    quality,
    durationSeconds,
    unit: unit === 'SECOND' || unit === 'MINUTE' ? unit : 'OUTPUT',
    credits,
    cost: (price?.cost ?? model.costFrom)?.amount ?? '',
  };
}

const changeColumn = (onChange: (draft: ChangeDraft) => void): Column<Line> => ({
  key: 'change',
  header: <VisuallyHidden>Change</VisuallyHidden>,
  acts: true,
  align: 'end',
  render: ({ model, price }) => (
    <Button
      variant="default"
      size="xs"
      onClick={() => onChange(draftOf(model, price))}
      aria-label={`Change the price of ${model.model}${price ? `, ${variantOf(price)}` : ''}`}
    >
      Change
    </Button>
  ),
});

interface ModelTableProps {
  readonly models: readonly FragmentType<typeof ModelTable_CatalogModelFragment>[] | undefined;
  /** Only models that are served, or only prices below the floor. */
  readonly only?: 'served' | 'below-floor' | undefined;
  readonly onChange: (draft: ChangeDraft) => void;
}

export function ModelTable({ only, onChange, ...props }: ModelTableProps) {
  const models = readFragment(ModelTable_CatalogModelFragment, props.models);
  const lines = models
    ?.filter((model) => only !== 'served' || model.available)
    .flatMap((model) => {
      const prices: readonly (Price | null)[] = model.prices.length > 0 ? model.prices : [null];
      return prices
        .filter((price) => only !== 'below-floor' || price?.belowFloor)
        .map((price, index) => ({ model, price, key: `${model.id} ${index}`, isFirst: index === 0 }));
    });
  return (
    <DataTable
      label="Models and prices"
      columns={[...COLUMNS, changeColumn(onChange)]}
      rows={lines}
      keyOf={({ key }) => key}
      expected={16}
      empty={
        <Empty title={only === 'below-floor' ? 'No price is below the floor' : 'There is no such model'}>
          {only === 'below-floor'
            ? 'Each price of the active list leaves the margin that you ask for.'
            : 'Choose another operation, or all.'}
        </Empty>
      }
    />
  );
}
