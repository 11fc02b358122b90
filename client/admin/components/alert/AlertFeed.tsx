/**
 * Hears of every change of an alert, once for the whole window: by number, from the first that was counted on, so that none is
 * missed over a connection that broke. Whatever shows alerts asks for them again when there is a newer number.
 */
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import type { AlertFeed_CountsQueryQuery } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { type Asked, useLive, usePageQuery } from '../../graphql/hooks.ts';

const CountsQuery = graphql(`
  query AlertFeed_CountsQuery {
    alertCounts {
      open
      critical
      acknowledged
      sequence
    }
  }
`);

const ChangesSubscription = graphql(`
  subscription AlertFeed_ChangesSubscription($after: Int!) {
    alerts(afterSequence: $after) {
      id
      sequence
    }
  }
`);

/** How many alerts wait for somebody. */
export type AlertCounts = AlertFeed_CountsQueryQuery['alertCounts'];

interface Feed {
  /** Undefined until they are known. */
  readonly counts: AlertCounts | undefined;
  /** The number of the newest change that was heard of. */
  readonly newest: number | undefined;
}

const FeedContext = createContext<Feed>({ counts: undefined, newest: undefined });

/** Asks again when a change was heard of after what is shown was asked for. */
function useRefreshAt(newest: number | undefined, { isLoading, refresh }: Asked<unknown>): void {
  const asOf = useRef(newest);
  useEffect(() => {
    // An answer that is on its way may be older than the change: it is waited for, and then asked anew.
    if (newest === undefined || newest === asOf.current || isLoading) return;
    asOf.current = newest;
    refresh();
  }, [newest, isLoading, refresh]);
}

/** Asks for alerts again whenever one has changed, in this window or elsewhere. */
export function useAlertChanges(asked: Asked<unknown>): void {
  useRefreshAt(useContext(FeedContext).newest, asked);
}

/** How many alerts wait for somebody, as it changes. */
export const useAlertCounts = (): AlertCounts | undefined => useContext(FeedContext).counts;

export function AlertFeed({ children }: { readonly children: ReactNode }) {
  const asked = usePageQuery(CountsQuery, {}, { alsoOf: ['Alert'] });
  const counts = asked.data?.alertCounts;
  const [after, setAfter] = useState<number>();
  if (after === undefined && counts) setAfter(counts.sequence);
  const told = useLive(ChangesSubscription, { after: after ?? 0 }, { pause: after === undefined });
  const sequence = told.data?.alerts.sequence ?? after;
  const [newest, setNewest] = useState<number>();
  // After an interruption all changes since the first count come once more: those that are known tell nothing new.
  if (sequence !== undefined && (newest === undefined || sequence > newest)) setNewest(sequence);
  // What was counted with the first number needs no second look.
  useRefreshAt(newest === after ? undefined : newest, asked);
  return <FeedContext value={{ counts, newest }}>{children}</FeedContext>;
}
