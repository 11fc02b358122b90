/** What a change of a price or a cost would do, before it is made. */
import { Skeleton, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Count, Money, Nothing } from '../../../ui/values.tsx';
import type { ChangePreview_PreviewQueryQuery, PreviewModelChangeInput } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { MarginState } from './MarginState.tsx';
import { variantOf } from './variant.ts';

const PreviewQuery = graphql(`
  query ChangePreview_PreviewQuery($input: PreviewModelChangeInput!) {
    previewModelChange(input: $input) {
      ... on ModelChangePreview {
        credits
        belowFloor
        variants {
          before {
            credits
            margin
            marginMax
            belowFloor
            cost {
              amount
              currency
            }
          }
          after {
            size
            quality
            durationSeconds
            unit
            credits
            margin
            marginMax
            belowFloor
            cost {
              amount
              currency
            }
          }
        }
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

type Outcome = ChangePreview_PreviewQueryQuery['previewModelChange'];
type Previewed = Extract<Outcome, { __typename: 'ModelChangePreview' }>;
type Variant = Previewed['variants'][number];

const COLUMNS: readonly Column<Variant>[] = [
  { key: 'for', header: 'For', isRowHeader: true, render: ({ after }) => variantOf(after) },
  { key: 'cost', header: 'Cost', align: 'end', render: ({ after }) => <Money value={after.cost} /> },
  {
    key: 'before',
    header: 'Now',
    render: ({ before }) =>
      before ? (
        <>
          <Count value={before.credits} /> <MarginState price={before} />
        </>
      ) : (
        <Nothing label="not sold" />
      ),
  },
  {
    key: 'after',
    header: 'Then',
    render: ({ after }) => (
      <>
        <Count value={after.credits} /> <MarginState price={after} />
      </>
    ),
  },
];

const WAIT_MS = 250;

/** Reckons a change once one has stopped typing; null: there is nothing to reckon with yet. */
export function useChangePreview(input: PreviewModelChangeInput | null) {
  // As a text: an object is another one each time, and would never settle.
  const said = JSON.stringify(input);
  const [settled] = useDebouncedValue(said, WAIT_MS);
  const isCurrent = settled === said && input !== null;
  const asked = usePageQuery(
    PreviewQuery,
    { input: (JSON.parse(settled) as PreviewModelChangeInput | null) ?? { model: '' } },
    { pause: settled === 'null' },
  );
  // While a newer answer is on its way, the one that is there is of another figure.
  const outcome = isCurrent && !asked.isLoading ? asked.data?.previewModelChange : undefined;
  return {
    isAsked: input !== null,
    failure: asked.failure,
    previewed: outcome?.__typename === 'ModelChangePreview' ? outcome : undefined,
    problems: outcome?.__typename === 'InvalidInputError' ? outcome.fields : [],
  };
}

export function ChangePreview({ preview }: { readonly preview: ReturnType<typeof useChangePreview> }) {
  const { isAsked, failure, previewed, problems } = preview;
  if (!isAsked) {
    return (
      <Text size="sm" c="dimmed">
        Give a figure to see what it would leave.
      </Text>
    );
  }
  if (failure) return <Text size="sm">{failure.message}</Text>;
  if (problems.length > 0) {
    return (
      <Text size="sm" role="alert">
        {problems.map(({ message }) => message).join(' ')}
      </Text>
    );
  }
  if (!previewed) return <Skeleton height={82} />;
  if (previewed.variants.length === 0) {
    return <Text size="sm">It would touch nothing: other rows are more specific, or no cost is known.</Text>;
  }
  return (
    <div aria-live="polite">
      {previewed.belowFloor && (
        <Text size="sm" mb={4}>
          This sells under the floor of margin. It can be saved all the same.
        </Text>
      )}
      <DataTable
        label="What the change would do"
        columns={COLUMNS}
        rows={previewed.variants}
        keyOf={({ after }) => variantOf(after)}
        empty={null}
      />
    </div>
  );
}
