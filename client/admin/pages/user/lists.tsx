/** The lists of one user, each asked for when it is looked at. */
import { Empty } from '../../../ui/Empty.tsx';
import { EntryTable } from '../../components/account/EntryTable.tsx';
import { GrantTable } from '../../components/account/GrantTable.tsx';
import { PaymentTable } from '../../components/account/PaymentTable.tsx';
import { GenerationTable } from '../../components/generation/GenerationTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const EntriesQuery = graphql(`
  query User_EntriesQuery($id: ID!, $after: String) {
    account(id: $id) {
      id
      entries(first: 50, after: $after) {
        edges {
          node {
            id
            ...EntryTable_EntryFragment
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const GrantsQuery = graphql(`
  query User_GrantsQuery($id: ID!, $after: String) {
    account(id: $id) {
      id
      grants(first: 50, after: $after) {
        edges {
          node {
            id
            ...GrantTable_GrantFragment
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const GenerationsQuery = graphql(`
  query User_GenerationsQuery($id: ID!, $after: String) {
    account(id: $id) {
      id
      generations(first: 50, after: $after) {
        edges {
          node {
            id
            ...GenerationTable_GenerationFragment
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const PaymentsQuery = graphql(`
  query User_PaymentsQuery($id: ID!, $after: String) {
    account(id: $id) {
      id
      payments(first: 50, after: $after) {
        edges {
          node {
            id
            ...PaymentTable_PaymentFragment
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

interface OfOneUser {
  /** The user's. */
  readonly id: string;
}

export function Entries({ id }: OfOneUser) {
  return (
    <EntryTable
      entries={useRows(EntriesQuery, { id }, (data) => data.account?.entries, {
        alsoOf: ['Grant', 'Generation'],
      })}
    />
  );
}

export function Grants({ id }: OfOneUser) {
  return (
    <GrantTable
      grants={useRows(GrantsQuery, { id }, (data) => data.account?.grants, { alsoOf: ['Grant'] })}
    />
  );
}

export function Payments({ id }: OfOneUser) {
  return (
    <PaymentTable
      payments={useRows(PaymentsQuery, { id }, (data) => data.account?.payments, { alsoOf: ['Payment'] })}
    />
  );
}

export function Generations({ id }: OfOneUser) {
  const generations = useRows(GenerationsQuery, { id }, (data) => data.account?.generations, {
    alsoOf: ['Generation'],
  });
  return (
    <GenerationTable
      generations={generations}
      ofOneUser
      empty={<Empty title="Nothing was asked for yet">What this user has made shows up here.</Empty>}
    />
  );
}
