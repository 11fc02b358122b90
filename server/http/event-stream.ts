/** Subscriptions as server-sent events: graphql-sse's "distinct connections", one stream a request. */
import type { ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { credentialsEnded, tooSlow } from '../../schema/index.ts';
import { type StreamEvent, writeEvent } from './event.ts';
import type { FanOut, SubscriberContext } from './fan-out.ts';
import type { Sink } from './subscriber.ts';
import { Subscriber } from './subscriber.ts';

/** How often something is sent over a quiet stream, so that nothing between closes the connection. */
const KEEP_ALIVE_MS = 12_000;
/** Beyond so many bytes that have not gone out, a stream is told no more events for now. */
const FULL_BYTES = 16 * 1024;
/** How long a client that was told to go may take to read that. */
const LAST_WORD_MS = 5_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  connection: 'keep-alive',
  // Proxies that gather what they pass on are asked not to.
  'x-accel-buffering': 'no',
};

const COMMENT = ':\n\n';
const NEXT = Buffer.from('event: next\ndata: ');
const END_OF_EVENT = Buffer.from('\n\n');
const COMPLETE = 'event: complete\ndata:\n\n';

/** An error as the last event of a stream. */
function lastWord(response: ServerResponse, error: GraphQLError): StreamEvent {
  error.extensions.requestId = response.getHeader('x-request-id');
  return writeEvent({ errors: [error] });
}

/** The streams of one server. */
export interface EventStreams {
  /** A response as its subscription sees it. Nothing is written before it has begun: it may be refused. */
  sinkOf(response: ServerResponse): Sink;
  /** Ends all of them without `complete`: clients come again, elsewhere. */
  close(): void;
}

/** @param onCutOff called when a reader was too slow. */
export function createEventStreams(onCutOff: () => void): EventStreams {
  const open = new Set<ServerResponse>();
  const keepAlive = setInterval(() => {
    for (const response of open) if (response.writableLength === 0) response.write(COMMENT);
  }, KEEP_ALIVE_MS);
  keepAlive.unref();

  const begin = (response: ServerResponse) => {
    if (open.has(response) || response.headersSent) return;
    open.add(response);
    response.once('close', () => open.delete(response));
    response.writeHead(200, HEADERS);
    // Some browsers take no notice of a head without a body.
    response.write(COMMENT);
  };
  const write = (response: ServerResponse, event: StreamEvent, skipped: number) => {
    response.write(Buffer.concat([NEXT, event.json(skipped), END_OF_EVENT]));
  };
  const endWith = (response: ServerResponse, event: StreamEvent | null) => {
    if (response.writableEnded || response.destroyed) return;
    begin(response);
    if (event) write(response, event, 0);
    response.end(COMPLETE);
    const force = setTimeout(() => response.destroy(), LAST_WORD_MS);
    force.unref();
    response.once('close', () => clearTimeout(force));
  };

  /** A class, since each request has one, whether it is a subscription or not. */
  class EventStreamSink implements Sink {
    readonly transport = 'sse';
    readonly #response: ServerResponse;

    constructor(response: ServerResponse) {
      this.#response = response;
    }

    get #isOver(): boolean {
      return this.#response.writableEnded || this.#response.destroyed;
    }

    begin(): void {
      if (!this.#isOver) begin(this.#response);
    }

    send(event: StreamEvent, skipped: number): boolean {
      if (this.#isOver) return true;
      begin(this.#response);
      if (this.#response.writableLength > FULL_BYTES) return false;
      write(this.#response, event, skipped);
      return true;
    }

    end(): void {
      endWith(this.#response, null);
    }

    cutOff(): void {
      onCutOff();
      endWith(this.#response, lastWord(this.#response, tooSlow()));
    }

    endCredentials(): void {
      endWith(this.#response, lastWord(this.#response, credentialsEnded()));
    }
  }

  return {
    sinkOf: (response) => new EventStreamSink(response),
    close() {
      clearInterval(keepAlive);
      for (const response of open) response.end();
    },
  };
}

/**
 * Subscriptions join the fan-out, and those that come over HTTP are answered by their own stream: yoga has each reader's
 * events written for itself.
 */
export function useEventStreams(fanOut: FanOut): Plugin<SubscriberContext> {
  const joined = new WeakMap<object, { subscriber: Subscriber; response: ServerResponse }>();
  return {
    onSubscribe({ subscribeFn, setSubscribeFn }) {
      setSubscribeFn((async (args: Parameters<FanOut['join']>[0]) => {
        const result = await fanOut.join(args, subscribeFn as never);
        const { request, res } = args.contextValue as { request?: object; res?: ServerResponse };
        if (request && res && result instanceof Subscriber) {
          joined.set(request, { subscriber: result, response: res });
        }
        return result;
      }) as never);
    },
    onResultProcess({ request, resultProcessor, setResultProcessor }) {
      const { subscriber, response } = joined.get(request) ?? {};
      if (!subscriber || !response) return;
      // Nothing that the client takes can hold a stream: yoga answers 406.
      if (!resultProcessor) return void subscriber.leave();
      setResultProcessor(async (_result, { Response }) => {
        subscriber.sink.begin?.();
        if (response.closed) subscriber.leave();
        else await new Promise<void>((resolve) => response.once('close', resolve));
        subscriber.leave();
        return new Response(null);
      }, 'text/event-stream');
    },
  };
}
