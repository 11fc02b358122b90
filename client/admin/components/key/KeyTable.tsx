/** API keys, and how to end one. */
import { Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State } from '../../../ui/State.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Code, Instant } from '../../../ui/values.tsx';
import type { KeyTable_ApiKeyFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { type Rows, useAction } from '../../graphql/hooks.ts';

const KeyTable_ApiKeyFragment = graphql(`
  fragment KeyTable_ApiKeyFragment on ApiKey {
    id
    name
    prefix
    scopes
    createdAt
    lastUsedAt
    revokedAt
  }
`);

const RevokeMutation = graphql(`
  mutation KeyTable_RevokeMutation($id: ID!) {
    revokeApiKey(id: $id) {
      id
      ...KeyTable_ApiKeyFragment
    }
  }
`);

type Key = KeyTable_ApiKeyFragmentFragment;

function columnsOf(onRevoke: (key: Key) => void): readonly Column<Key>[] {
  return [
    { key: 'name', header: 'Name', isRowHeader: true, render: ({ name }) => name },
    { key: 'prefix', header: 'Begins with', wide: true, render: ({ prefix }) => <Code>{prefix}</Code> },
    { key: 'scopes', header: 'May', wide: true, render: ({ scopes }) => scopes.join(', ') },
    {
      key: 'created',
      header: 'Made',
      wide: true,
      render: ({ createdAt }) => <Instant value={createdAt} style="day" />,
    },
    {
      key: 'used',
      header: 'Last used',
      wide: true,
      render: ({ lastUsedAt }) => <Instant value={lastUsedAt} none="never" />,
    },
    {
      key: 'state',
      header: 'State',
      render: ({ revokedAt }) =>
        revokedAt ? <State tone="quiet">Revoked</State> : <State tone="good">Works</State>,
    },
    {
      key: 'revoke',
      header: <VisuallyHidden>Revoke</VisuallyHidden>,
      acts: true,
      align: 'end',
      render: (key) =>
        key.revokedAt ? null : (
          <DangerButton size="xs" onClick={() => onRevoke(key)} aria-label={`Revoke ${key.name}`}>
            Revoke
          </DangerButton>
        ),
    },
  ];
}

export function KeyTable({ keys }: { readonly keys: Rows<FragmentType<typeof KeyTable_ApiKeyFragment>> }) {
  const [asked, setAsked] = useState<Key | null>(null);
  const [revoke] = useAction(RevokeMutation);
  return (
    <>
      <DataTable
        label="API keys"
        columns={columnsOf(setAsked)}
        rows={readFragment(KeyTable_ApiKeyFragment, keys.data)}
        keyOf={({ id }) => id}
        more={keys.more}
        empty={
          <Empty title="There is no API key yet">Make one: the server of a client app calls with it.</Empty>
        }
      />
      <ConfirmDialog
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={`Revoke “${asked?.name ?? ''}”?`}
        confirm="Revoke it for good"
        danger
        onConfirm={async () => {
          const done = asked && (await revoke({ id: asked.id }));
          if (done) toastDone(`“${asked.name}” works no more.`);
          return Boolean(done);
        }}
      >
        <Text size="sm">
          Every call with the key that begins with <Code>{asked?.prefix ?? ''}</Code> is refused with HTTP
          401, in this process at once and in all others within two seconds. It was used last{' '}
          <Instant value={asked?.lastUsedAt} none="never" />. This cannot be undone; a new key can be made.
        </Text>
      </ConfirmDialog>
    </>
  );
}
