/**
 * A token bucket for each caller: it holds a minute's worth of requests, so that a burst is served at once, and fills up
 * evenly. Kept in this process; with several processes a caller may have as many times the limit.
 */
export interface RateLimiter {
  /** Takes one request's worth. Returns 0, or how many seconds to wait. */
  take(who: string): number;
}

const MINUTE_MS = 60_000;
/** Buckets that are full again say nothing: they are forgotten when so many stand. */
const MAX_BUCKETS = 100_000;

/** @param perMinute requests a minute; 0 limits nothing. */
export function createRateLimiter(
  perMinute: number,
  now: () => number = () => performance.now(),
): RateLimiter {
  if (perMinute === 0) return { take: () => 0 };
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = perMinute / MINUTE_MS;

  return {
    take(who) {
      const at = now();
      let bucket = buckets.get(who);
      if (!bucket) {
        if (buckets.size >= MAX_BUCKETS) {
          for (const [key, old] of buckets) if (at - old.at >= MINUTE_MS) buckets.delete(key);
          if (buckets.size >= MAX_BUCKETS) buckets.clear();
        }
        bucket = { left: perMinute, at };
        buckets.set(who, bucket);
      }
      bucket.left = Math.min(perMinute, bucket.left + (at - bucket.at) * perMs);
      bucket.at = at;
      if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1000));
      bucket.left -= 1;
      return 0;
    },
  };
}
