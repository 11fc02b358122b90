/** What each action of the sandbox's Stripe is given: its objects, the time, and how to say that something happened. */
import { randomBytes } from 'node:crypto';
import type { Shelf } from './store.ts';
import { API_VERSION, type Kind, type Kinds, type List, type WireEvent } from './wire.ts';

/** One request, or one click of a page. */
export interface Scene {
  readonly shelf: Shelf;
  /** Unix seconds. */
  readonly now: number;
  /** Says that something happened to an object, as it stands now. It is sent once the request is kept. */
  emit(type: string, object: unknown): Promise<void>;
}

/** An error as Stripe answers it. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, error: Readonly<Record<string, unknown>>) {
    super(String(error.message));
    this.status = status;
    // The SDK takes a body without `error` for a success, whatever its status.
    this.body = { error };
  }
}

/** 404: there is no such object. */
export function missing(kind: string, id: string, parameter = 'id'): WireError {
  return new WireError(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param: parameter,
    message: `No such ${kind}: '${id}'`,
  });
}

/** 400: an argument cannot be. */
export function refused(message: string, more: Readonly<Record<string, unknown>> = {}): WireError {
  return new WireError(400, { type: 'invalid_request_error', message, ...more });
}

/** An id as Stripe makes them: a word for the kind, then 24 letters and digits that nobody guesses. */
export function makeId(prefix: string): string {
  return `${prefix}_${randomBytes(18).toString('base64').replace(/[+/]/g, '0')}`;
}

/** The object, or the error that it is not there. */
export async function need<K extends Kind>(scene: Scene, kind: K, id: string): Promise<Kinds[K]> {
  const object = await scene.shelf.get(kind, id);
  if (!object) throw missing(kind, id);
  return object;
}

/** Changes an object, and gives it as it then is. */
export async function change<K extends Kind>(
  scene: Scene,
  kind: K,
  id: string,
  changes: Partial<Kinds[K]>,
): Promise<Kinds[K]> {
  const changed = { ...(await need(scene, kind, id)), ...changes };
  await scene.shelf.put(changed);
  return changed;
}

/** A list of all there is. */
export function listOf<Item>(data: readonly Item[], url: string): List<Item> {
  return { object: 'list', data: [...data], has_more: false, url };
}

/** An event about an object as it stands. */
export function eventOf(scene: Pick<Scene, 'now'>, type: string, object: unknown): WireEvent {
  return {
    id: makeId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: scene.now,
    livemode: false,
    type,
    data: { object: structuredClone(object) },
    pending_webhooks: 1,
  };
}
