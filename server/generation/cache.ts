/**
 * Results that are served again. A generation is known again by the hash of its normalised request; what it finds is an
 * earlier one that succeeded, or one that is under way and is waited for. A hit calls no provider, costs nothing, is
 * booked as such, and is priced by a setting.
 */
import { hash } from 'node:crypto';
import type { StoredRequest } from './record.ts';

/** Whose results are served to whom, for how long, and at what price. */
export interface CacheSettings {
  /** `account`: each account its own; `shared`: to every account of the site; `off`: none. */
  readonly scope: 'account' | 'shared' | 'off';
  readonly ttlMs: number;
  /** Of the quoted credits, in percent, rounded up: 0 to 100. */
  readonly pricePercent: number;
}

/**
 * What a request is known again by; null when results are not kept.
 *
 * @param model the one that was priced: another model's picture is another picture.
 */
export function cacheKeyOf(
  settings: CacheSettings,
  accountId: string,
  model: string,
  request: StoredRequest,
): string | null {
  if (settings.scope === 'off') return null;
  return hash(
    'sha256',
    JSON.stringify([
      settings.scope === 'account' ? accountId : null,
      model,
      request.operation,
      request.prompt ?? null,
      request.size ?? null,
      request.quality ?? null,
      request.count,
      request.seed ?? null,
      request.durationSeconds ?? null,
      request.aspectRatio ?? null,
      request.imageUrl ?? null,
      request.videoUrl ?? null,
      request.targetLanguage ?? null,
    ]),
    'base64url',
  );
}

/** What a hit is charged. */
export function creditsOfHit(settings: CacheSettings, credits: number): number {
  return Math.ceil((credits * settings.pricePercent) / 100);
}

/**
 * Calls that are just being reserved in this process, by what they are known again by. One that the database has not
 * yet committed cannot be found there.
 */
export class Leaders {
  readonly #byKey = new Map<string, string>();

  /** Who leads under this key: the earlier one, or from now on this one. */
  lead(key: string, generationId: string): string {
    const leader = this.#byKey.get(key);
    if (leader !== undefined) return leader;
    this.#byKey.set(key, generationId);
    return generationId;
  }

  /** From now on the database knows, or there is nothing to know. */
  done(key: string, generationId: string): void {
    if (this.#byKey.get(key) === generationId) this.#byKey.delete(key);
  }
}
