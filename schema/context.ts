/** What every resolver is given. */
import type { Caller } from '../server/access/index.ts';
import type { Core } from '../server/core.ts';
import type { Loaders } from './loaders.ts';

/** What one request, or one operation over a WebSocket, brings with it. */
export interface Context {
  readonly core: Core;
  /** Who calls; null when no credentials were shown. */
  readonly caller: Caller | null;
  /** What signing in and out need; null where no cookie can be set: over a WebSocket, and within a subscription. */
  readonly connection: Connection | null;
  /** Batches reads of one request. */
  readonly loaders: Loaders;
  /** Only of a subscription: the stream that all who ask for the same share. */
  readonly stream?: Stream;
}

/** The connection that a request came over. */
export interface Connection {
  /** The address that it came from, for throttling sign-ins. */
  readonly ip: string;
  /** The Cookie header. */
  readonly cookie: string | null;
  /** Whether it comes from a page of this server. */
  readonly sameOrigin: boolean;
  /** Sends a Set-Cookie header with the answer. */
  setCookie(cookie: string): void;
}

/** What a subscription's stream and those who share it tell each other, beside its events. */
export interface Stream {
  /** Says how the stream can be asked to look whether its state has changed. */
  onAsk(ask: () => void): void;
  /** It has looked, and nothing has changed: whoever has just come may be told what the others know. */
  onUnchanged(): void;
  /** So many events before the next one could not be told. */
  onSkipped(count: number): void;
}
