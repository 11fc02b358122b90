/** How pages and components ask, change and watch. See client/README.md for when to use which. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import {
  type AnyVariables,
  type CombinedError,
  type TypedDocumentNode,
  useClient,
  useMutation,
  useQuery,
  useSubscription,
} from 'urql';
import type { Failure } from '../../ui/Failure.tsx';
import { toastFailure } from '../../ui/toasts.ts';
import { live } from './client.ts';
import { codeOf, failureOf } from './failure.ts';

/** What a page has asked for, as far as it is there. */
export interface Asked<Data> {
  /** Undefined until the first answer. Stays while a newer answer is on its way, or failed to come. */
  readonly data: Data | undefined;
  readonly failure: Failure | null;
  /** Whether an answer is on its way. */
  readonly isLoading: boolean;
  readonly refresh: () => void;
}

interface AskOptions {
  /** Ask again so often while the window is looked at, for what no subscription tells. */
  readonly refreshSeconds?: number;
  /** Types that may come to be in the answer though none is there yet: a mutation of one has it asked for again. */
  readonly alsoOf?: readonly string[];
  readonly pause?: boolean;
}

/** A page's one query. It is asked again after a mutation of what it shows, and when live data had been interrupted. */
export function usePageQuery<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { refreshSeconds, alsoOf, pause = false }: AskOptions = {},
): Asked<Data> {
  const additional = alsoOf?.join(' ');
  const context = useMemo(
    () => (additional ? { additionalTypenames: additional.split(' ') } : undefined),
    [additional],
  );
  const [{ data, error, fetching, stale }, execute] = useQuery<Data, Variables>({
    query: document,
    variables,
    pause,
    ...(context ? { context } : {}),
  } as never);
  const refresh = useCallback(() => execute({ requestPolicy: 'cache-and-network' }), [execute]);
  useEffect(() => live.onCaughtUp(refresh), [refresh]);
  useEffect(() => {
    if (refreshSeconds === undefined || pause) return;
    const timer = setInterval(() => {
      if (isLookedAt()) execute({ requestPolicy: 'network-only' });
    }, refreshSeconds * 1_000);
    return () => clearInterval(timer);
  }, [refreshSeconds, pause, execute]);
  return {
    // Null is what an answer holds that is nothing but errors.
    data: data ?? undefined,
    failure: error ? failureOf(error) : null,
    isLoading: fetching || stale,
    refresh,
  };
}

const isLookedAt = () => window.document.visibilityState === 'visible';

/** The page stays where it is, since somebody has typed into it. */
const SESSION_OVER: Failure = {
  title: 'Your session has ended',
  message: 'Nothing was done. Sign in again: in another tab, if what you have typed here is to stay.',
};

/** What a mutation has come to: its answer, or null when there is none. What failed has been told by then. */
export type Act<Data, Variables> = (variables: Variables) => Promise<Data | null>;

/** A mutation. A condition (no rights, no connection) is told in a toast; outcomes are data, and the caller's to tell. */
export function useAction<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
): readonly [Act<Data, Variables>, { readonly isBusy: boolean }] {
  const [{ fetching }, execute] = useMutation(document);
  const act = useCallback(
    async (variables: Variables) => {
      const { data, error } = await execute(variables);
      if (error) {
        toastFailure(codeOf(error) === 'UNAUTHENTICATED' ? SESSION_OVER : failureOf(error));
        return null;
      }
      return data ?? null;
    },
    [execute],
  );
  return [act, { isBusy: fetching }];
}

/** What is watched: the newest state, and why there is none. */
export interface Watched<State> {
  readonly data: State | undefined;
  readonly failure: Failure | null;
}

/** A subscription whose newest event is all that counts. */
export function useLive<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { pause = false }: { readonly pause?: boolean } = {},
): Watched<Data> {
  const [{ data, error }] = useSubscription<Data, Data, Variables>({
    query: document,
    variables,
    pause,
  } as never);
  return { data: data ?? undefined, failure: error ? failureOf(error) : null };
}

/** A subscription of which each event counts: they are gathered, the newest first, each key once, as many as `keep`. */
export function useFeed<Data, Variables extends AnyVariables, Item>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  read: (data: Data) => { readonly key: string; readonly item: Item },
  keep: number,
): Watched<readonly { readonly key: string; readonly item: Item }[]> {
  const reader = useRef(read);
  reader.current = read;
  const [{ data, error }] = useSubscription<Data, readonly { key: string; item: Item }[], Variables>(
    { query: document, variables } as never,
    (items = [], event) => {
      const next = reader.current(event);
      return [next, ...items.filter(({ key }) => key !== next.key)].slice(0, keep);
    },
  );
  return { data: data ?? undefined, failure: error ? failureOf(error) : null };
}

/** One page of a connection. */
export interface Connection<Node> {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null };
}

/** The rows of a connection, page after page. */
export interface Rows<Node, Data = unknown> extends Asked<readonly Node[]> {
  /** The whole answer with the first page, for what was asked for beside the connection. */
  readonly answer: Data | undefined;
  /** How to get more; undefined when there are none. */
  readonly more: { readonly isLoading: boolean; readonly load: () => void } | undefined;
}

/**
 * A list that goes on: its first page as any page's query, further ones when asked for. Other variables begin anew, and so does
 * whatever has the first page asked again: new rows come in at the top, where further pages would be out of step with it. The
 * clock has it asked again only while no further page is there.
 */
export function useRows<Data, Variables extends { after?: string | null | undefined }, Node>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  read: (data: Data) => Connection<Node> | null | undefined,
  options: AskOptions = {},
): Rows<Node, Data> {
  const client = useClient();
  const [further, setFurther] = useState<{ of: Data; pages: readonly Connection<Node>[] } | null>(null);
  const [isLoading, setLoading] = useState(false);
  const { refreshSeconds, ...others } = options;
  // What is asked for by the clock alone would take from whoever reads on what they have loaded.
  const isReadOn = further !== null || isLoading || refreshSeconds === undefined;
  const first = usePageQuery(document, variables, isReadOn ? others : { ...others, refreshSeconds });
  const [problem, setProblem] = useState<CombinedError | null>(null);
  const start = first.data === undefined ? undefined : read(first.data);
  // Pages that followed another first page are of no use any more.
  if (further && further.of !== first.data) setFurther(null);
  const pages = further && further.of === first.data ? further.pages : [];
  const last = pages.at(-1) ?? start;
  const load = async () => {
    if (!last || first.data === undefined || isLoading) return;
    const of = first.data;
    setLoading(true);
    const { data, error } = await client
      .query(document, { ...variables, after: last.pageInfo.endCursor }, { requestPolicy: 'network-only' })
      .toPromise();
    setLoading(false);
    setProblem(error ?? null);
    const page = data ? read(data) : null;
    if (page) setFurther({ of, pages: [...pages, page] });
  };
  return {
    ...first,
    answer: first.data,
    data: start ? [start, ...pages].flatMap((page) => page.edges.map(({ node }) => node)) : undefined,
    failure: first.failure ?? (problem ? failureOf(problem) : null),
    more: last?.pageInfo.hasNextPage ? { isLoading, load: () => void load() } : undefined,
  };
}

/** How the live connection is. */
export const useLiveState = () => useSyncExternalStore(live.listen, () => live.state);
