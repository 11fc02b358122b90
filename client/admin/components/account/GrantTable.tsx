/** The grants of a user: where credits come from, what is left of them, and how that is taken back. */
import { VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Count, Instant, Money, Nothing } from '../../../ui/values.tsx';
import type { GrantTable_GrantFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { type RevocableGrant, RevokeCredits } from './RevokeCredits.tsx';

const GrantTable_GrantFragment = graphql(`
  fragment GrantTable_GrantFragment on Grant {
    id
    source
    credits
    remaining
    effectiveAt
    expiresAt
    reason
    unitRevenue {
      amount
      currency
    }
  }
`);

type Grant = GrantTable_GrantFragmentFragment;

const COLUMNS: readonly Column<Grant>[] = [
  { key: 'from', header: 'From', render: ({ effectiveAt }) => <Instant value={effectiveAt} /> },
  { key: 'source', header: 'Source', isRowHeader: true, render: ({ source }) => wordsOf(source) },
  { key: 'reason', header: 'Reason', wide: true, render: ({ reason }) => reason ?? <Nothing /> },
  { key: 'credits', header: 'Given', align: 'end', render: ({ credits }) => <Count value={credits} /> },
  { key: 'left', header: 'Left', align: 'end', render: ({ remaining }) => <Count value={remaining} /> },
  {
    key: 'unit',
    header: 'A credit earns',
    align: 'end',
    wide: true,
    render: ({ unitRevenue }) => <Money value={unitRevenue} />,
  },
  {
    key: 'expires',
    header: 'Expires',
    align: 'end',
    wide: true,
    render: ({ expiresAt }) => <Instant value={expiresAt} none="never" />,
  },
];

const revokeColumn = (onRevoke: (grant: Grant) => void): Column<Grant> => ({
  key: 'revoke',
  header: <VisuallyHidden>Take back</VisuallyHidden>,
  acts: true,
  align: 'end',
  render: (grant) =>
    grant.remaining > 0 && (
      <DangerButton size="xs" onClick={() => onRevoke(grant)}>
        Take back
      </DangerButton>
    ),
});

export function GrantTable({
  grants,
}: {
  readonly grants: Rows<FragmentType<typeof GrantTable_GrantFragment>>;
}) {
  const [asked, setAsked] = useState<RevocableGrant | null>(null);
  return (
    <>
      <DataTable
        label="Grants"
        columns={[...COLUMNS, revokeColumn(setAsked)]}
        rows={readFragment(GrantTable_GrantFragment, grants.data)}
        keyOf={({ id }) => id}
        more={grants.more}
        empty={
          <Empty title="Nothing was given yet">
            Credits come by plans, packs, the free tier, and by an admin.
          </Empty>
        }
      />
      <RevokeCredits grant={asked} onClose={() => setAsked(null)} />
    </>
  );
}
