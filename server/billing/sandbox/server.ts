/** A server that speaks Stripe's wire format. What it takes and gives is no money. */
import type { Clock } from '../../clock.ts';
import { answer, type Surroundings, type WireAnswer, type WireRequest } from './requests.ts';
import { eventOf, makeId, type Scene } from './scene.ts';
import type { Shelf, Store } from './store.ts';
import type { WireEvent } from './wire.ts';

/** The sandbox's Stripe. */
export interface SandboxStripe {
  /** Answers a request of the API. */
  request(request: WireRequest): Promise<WireAnswer>;
  /** Does something that is no request: what a customer, a bank or time does. */
  act<Result>(work: (scene: Scene) => Promise<Result>): Promise<Result>;
  /** Events that nobody has taken yet, the oldest first. */
  waiting(): Promise<WireEvent[]>;
  /** Says that an event has been taken. */
  taken(eventId: string): Promise<void>;
  /** By which events are signed; the same after a restart and in every process. */
  secret(): Promise<string>;
}

const ENDPOINT = 'we_sandbox';

/** Opens it. */
export function openSandboxStripe(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly around: Surroundings;
}): SandboxStripe {
  const { store, clock, around } = options;
  const sceneOf = (shelf: Shelf): Scene => {
    const now = Math.floor(clock.now().getTime() / 1000);
    return { shelf, now, emit: (type, object) => shelf.put(eventOf({ now }, type, withoutInside(object))) };
  };
  return {
    request: (request) => answer(store, sceneOf, request, around),
    act: (work) => store.work((shelf) => work(sceneOf(shelf))),
    waiting: () =>
      store.work(async (shelf) => (await shelf.all('event')).filter((event) => event.pending_webhooks > 0)),
    taken: (eventId) =>
      store.work(async (shelf) => {
        const event = await shelf.get('event', eventId);
        if (event) await shelf.put({ ...event, pending_webhooks: 0 });
      }),
    secret: () =>
      store.work(async (shelf) => {
        const kept = await shelf.get('webhook_endpoint', ENDPOINT);
        if (kept) return kept.secret;
        const secret = makeId('whsec');
        await shelf.put({ id: ENDPOINT, object: 'webhook_endpoint', secret });
        return secret;
      }),
  };
}

function withoutInside(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object;
  const { inside: _, ...rest } = object as Record<string, unknown>;
  return rest;
}
