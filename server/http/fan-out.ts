/**
 * All subscriptions of this process: who may have one, which of them are the same, and who is still allowed to be told.
 *
 * Two subscriptions are the same when their document, their variables and what their callers may see are: they are executed
 * once. Every reader is looked at again by itself before each event and once a second, so that a revoked key or an expired
 * token is told nothing more.
 */
import { contextCacheSymbol } from '@pothos/core';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  Kind,
  type SelectionNode,
} from 'graphql';
import { type Context, createLoaders, schema } from '../../schema/index.ts';
import type { Caller } from '../access/index.ts';
import type { Core } from '../core.ts';
import { SharedStream } from './shared-stream.ts';
import { type Sink, Subscriber } from './subscriber.ts';

/** How often those who are behind are sent what waits for them. */
const CATCH_UP_MS = 50;
/** How often everybody's credentials are looked at again, also while nothing happens. */
const RECHECK_MS = 1_000;

/** Executes a subscription. */
type Subscribe = (args: ExecutionArgs) => Promise<ExecutionResult | AsyncIterable<ExecutionResult>>;

/** The context of a subscription as its transport makes it. */
export interface SubscriberContext extends Context {
  /** Where its events go. */
  readonly sink?: Sink;
}

/** Counts for metrics. */
export interface FanOutCounts {
  /** Readers, by field and transport. */
  readonly readers: readonly {
    readonly field: string;
    readonly transport: Sink['transport'];
    readonly count: number;
  }[];
  /** Streams that are executed. */
  readonly streams: number;
  /** Events that were written, by field: each once, however many read it. */
  readonly events: ReadonlyMap<string, number>;
  /** Readers that were cut off because they were too slow. */
  readonly cutOff: number;
}

/** The subscriptions of a process. */
export interface FanOut {
  /** Joins a caller to the stream that it asks for, or begins it. */
  join(args: ExecutionArgs, subscribe: Subscribe): Promise<ExecutionResult | Subscriber>;
  /** For transports that notice a slow reader by themselves. */
  noteCutOff(): void;
  counts(): FanOutCounts;
  /** Ends all readers, without a word. */
  close(): void;
}

/** What two callers have in common who are shown the same. */
function visibilityOf(caller: Caller | null): string {
  return caller ? `${caller.kind} ${caller.accountId ?? ''} ${[...caller.scopes].sort().join(',')}` : '';
}

/** What two callers have in common whose credentials end together. */
function credentialsOf(caller: Caller): string {
  return `${caller.actor} ${caller.expiresAt?.getTime() ?? ''} ${caller.sessionId ?? ''}`;
}

/** The field that a subscription asks for. There is one: validation has seen to that. */
function fieldOf({ document, operationName }: ExecutionArgs): string {
  const nameIn = (selections: readonly SelectionNode[]): string | undefined => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) return selection.name.value;
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection
          : document.definitions.find(
              (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
            );
      const name =
        inner && 'selectionSet' in inner && inner.selectionSet && nameIn(inner.selectionSet.selections);
      if (name) return name;
    }
    return undefined;
  };
  return nameIn(getOperationAST(document, operationName)?.selectionSet.selections ?? []) ?? '';
}

/** How a field is watched, as the schema says in its extensions. */
function watchedAs(field: string): { isLossless: boolean; isShared: boolean } {
  const extensions = schema.getSubscriptionType()?.getFields()[field]?.extensions;
  return { isLossless: extensions?.lossless === true, isShared: extensions?.shared !== false };
}

/** @param limit how many subscriptions a caller may have at once, over WebSockets and server-sent events together. */
export function createFanOut(core: Core, mask: (error: unknown) => Error, limit: number): FanOut {
  const streams = new Map<string, SharedStream>();
  const readers = new Set<Subscriber>();
  const streamOf = new WeakMap<Subscriber, SharedStream>();
  const open = new Map<string, number>();
  const events = new Map<string, number>();
  let cutOff = 0;
  let unshared = 0;

  // The parser gives equal texts the same document while it remembers them.
  const documents = new WeakMap<DocumentNode, number>();
  let documentCount = 0;
  const numberOf = (document: DocumentNode) => {
    const known = documents.get(document);
    if (known !== undefined) return known;
    documentCount += 1;
    documents.set(document, documentCount);
    return documentCount;
  };

  /** Ends those whose credentials have ended. Asks once for all who have the same. */
  const check = async (subscribers: Iterable<Subscriber>): Promise<void> => {
    const answers = new Map<string, boolean | Promise<boolean>>();
    for (const subscriber of [...subscribers]) {
      const { caller } = subscriber;
      if (!caller) continue;
      const key = credentialsOf(caller);
      let answer = answers.get(key);
      if (answer === undefined) {
        answer = await core.access.isStillValid(caller);
        answers.set(key, answer);
      }
      if (!answer) subscriber.endCredentials();
    }
  };

  let catchingUp: NodeJS.Timeout | undefined;
  const catchUp = () => {
    catchingUp = undefined;
    const now = performance.now();
    let behind = false;
    for (const reader of readers) {
      if (!reader.isBehind) continue;
      reader.catchUp(now);
      behind ||= reader.isBehind && readers.has(reader);
    }
    if (behind) catchingUp = setTimeout(catchUp, CATCH_UP_MS);
  };
  const lookForSlow = (subscribers: Iterable<Subscriber>) => {
    if (catchingUp) return;
    for (const subscriber of subscribers) {
      if (!subscriber.isBehind) continue;
      catchingUp = setTimeout(catchUp, CATCH_UP_MS);
      return;
    }
  };

  const recheck = setInterval(() => {
    check(readers).catch((error: unknown) =>
      core.log.warn({ error }, "Subscribers' credentials could not be checked."),
    );
  }, RECHECK_MS);
  recheck.unref();

  const begin = (key: string, args: ExecutionArgs, subscribe: Subscribe): SharedStream => {
    const { caller } = args.contextValue as Context;
    const field = fieldOf(args);
    // A stream lives for days: what one event has looked up is not what holds at the next, and not to be kept either.
    let ofEvent = { loaders: createLoaders(core), remembered: {} };
    const stream: SharedStream = new SharedStream({
      field,
      ...watchedAs(field),
      mask,
      check: (subscribers) =>
        check(subscribers).catch((error: unknown) => {
          // A database that is away cannot say that a key has been revoked, and has nothing new to tell either.
          core.log.warn({ error }, "Subscribers' credentials could not be checked.");
        }),
      start: (hooks) =>
        subscribe({
          ...args,
          // Nothing of the first caller's own request outlasts it here.
          contextValue: {
            core,
            caller,
            connection: null,
            get loaders() {
              return ofEvent.loaders;
            },
            get [contextCacheSymbol]() {
              return ofEvent.remembered;
            },
            stream: hooks,
          } satisfies Context & { readonly [contextCacheSymbol]: object },
        }),
      beforeEvent: () => {
        ofEvent = { loaders: createLoaders(core), remembered: {} };
      },
      onEvent: ({ subscribers }) => {
        events.set(field, (events.get(field) ?? 0) + 1);
        lookForSlow(subscribers);
      },
      onOver: () => {
        if (streams.get(key) === stream) streams.delete(key);
      },
    });
    return stream;
  };

  return {
    async join(args, subscribe) {
      const { caller, sink } = args.contextValue as SubscriberContext;
      if (!sink) throw new Error('A subscription has no connection to be told over.');
      const who = caller?.actor ?? '';
      const count = open.get(who) ?? 0;
      if (count >= limit) {
        const message = `At most ${limit} subscriptions a caller: end one before the next.`;
        const extensions = { code: 'RATE_LIMITED', http: { status: 429 } };
        return { errors: [new GraphQLError(message, { extensions })] };
      }
      const { isLossless, isShared } = watchedAs(fieldOf(args));
      let variables: string;
      try {
        variables = JSON.stringify(args.variableValues ?? null);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const extensions = { code: 'BAD_REQUEST', http: { status: 400 } };
        return { errors: [new GraphQLError('The variables are nested too deeply.', { extensions })] };
      }
      // Only now: whoever is counted leaves again.
      open.set(who, count + 1);
      unshared += isShared ? 0 : 1;
      const key = JSON.stringify([
        numberOf(args.document),
        args.operationName ?? null,
        variables,
        visibilityOf(caller),
        isShared ? 0 : unshared,
      ]);
      let stream = streams.get(key);
      if (!stream) {
        stream = begin(key, args, subscribe);
        streams.set(key, stream);
      }
      const joined = stream;
      const subscriber = new Subscriber({
        caller,
        sink,
        isLossless,
        onOver: (over) => {
          readers.delete(over);
          joined.remove(over);
          const left = (open.get(who) ?? 1) - 1;
          if (left > 0) open.set(who, left);
          else open.delete(who);
        },
      });
      readers.add(subscriber);
      streamOf.set(subscriber, joined);
      joined.add(subscriber);
      try {
        const refused = await joined.begun;
        if (!refused) return subscriber;
        subscriber.leave();
        return refused;
      } catch (error) {
        subscriber.leave();
        throw error;
      }
    },

    noteCutOff() {
      cutOff += 1;
    },

    counts() {
      const byKind = new Map<string, { field: string; transport: Sink['transport']; count: number }>();
      for (const reader of readers) {
        const { transport } = reader.sink;
        const field = streamOf.get(reader)?.field ?? '';
        const found = byKind.get(`${field} ${transport}`) ?? { field, transport, count: 0 };
        found.count += 1;
        byKind.set(`${field} ${transport}`, found);
      }
      return { readers: [...byKind.values()], streams: streams.size, events, cutOff };
    },

    close() {
      clearInterval(recheck);
      clearTimeout(catchingUp);
      for (const reader of [...readers]) reader.leave();
    },
  };
}
