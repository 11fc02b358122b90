/** Calls of the past, through the ledger: set aside together, made up, and settled together some minutes later. */
import { hash } from 'node:crypto';
import { newId } from '../ids.ts';
import type { AttemptRecord, FailureRecord, ReserveItem, SettleItem } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';
import { filmAddress, imageAddress, type Pictures } from './pictures.ts';
import type { Random } from './random.ts';
import type { Rooms } from './rooms.ts';
import { PROMPTS, type PricedWish } from './wishes.ts';

/** A call that somebody is about to make. */
export interface Planned {
  readonly accountId: string;
  readonly asked: PricedWish;
  /** Whether its model was named, so that no other may serve. */
  readonly named: boolean;
}

/** How calls end in some hour. */
export interface Circumstances {
  /** A provider that answers nobody at present. */
  readonly down: string | null;
  /** How long after the reservations the calls end, in milliseconds. */
  readonly takesMs: number;
}

/** What a call came to. */
export type Ended = 'succeeded' | 'failed' | 'no-credits' | 'refused';

/** How long each operation takes, in milliseconds: the least, and how much more at the most. */
const TIMES: Readonly<Record<Operation, readonly [number, number]>> = {
  GENERATE_IMAGE: [1_800, 9_000],
  GENERATE_VIDEO: [38_000, 70_000],
  UPSCALE_IMAGE: [4_000, 6_000],
  REMOVE_BACKGROUND: [2_000, 2_500],
  VECTORIZE_IMAGE: [5_000, 7_000],
  DUB_VIDEO: [60_000, 90_000],
};
const DOWN_MESSAGE = 'The provider does not answer at present.';
const KEPT_MS = 24 * 3_600_000;
const LIVES_MS = 3_600_000;

function failure(code: FailureRecord['code'], message: string): FailureRecord {
  return { code, message, retryable: code === 'PROVIDER_UNAVAILABLE', retryAfterSeconds: null };
}

/** Books calls. */
export class CallBook {
  readonly #rooms: Rooms;
  readonly #random: Random;
  readonly #pictures: Pictures;
  #number = 0;

  constructor(rooms: Rooms, random: Random, pictures: Pictures) {
    this.#rooms = rooms;
    this.#random = random;
    this.#pictures = pictures;
  }

  /** Makes all of them, and says how each ended, in their order. */
  async make(planned: readonly Planned[], around: Circumstances): Promise<Ended[]> {
    const { ledger, clock } = this.#rooms;
    const items = planned.map((each) => ({ ...each, item: this.#itemOf(each) }));
    const reserved = await Promise.all(items.map(({ item }) => ledger.reserve(item)));
    clock.advance(around.takesMs);
    const ended: Ended[] = [];
    const settling: Promise<unknown>[] = [];
    for (const [index, { asked, named, item }] of items.entries()) {
      const outcome = reserved[index];
      if (outcome?.status !== 'reserved') {
        ended.push(outcome?.status === 'insufficient-credits' ? 'no-credits' : 'refused');
        continue;
      }
      // A cached result needs nobody to answer.
      const isDown = asked.priced.provider === around.down && outcome.servedById === null;
      const end = isDown
        ? await this.#endWhileDown(item, asked, named)
        : this.#endOf(item, asked, outcome.servedById !== null);
      ended.push(end.status === 'SUCCEEDED' ? 'succeeded' : 'failed');
      settling.push(ledger.settle(end));
    }
    await Promise.all(settling);
    return ended;
  }

  #itemOf({ accountId, asked: { wish, priced } }: Planned): ReserveItem {
    const { clock } = this.#rooms;
    const now = clock.now().getTime();
    this.#number += 1;
    const hasPrompt = wish.operation === 'GENERATE_IMAGE' || wish.operation === 'GENERATE_VIDEO';
    const prompt = hasPrompt ? this.#random.pick(PROMPTS) : null;
    // Most want another picture of the same words; some are content with the one that there is.
    const mayRepeat = this.#random.chance(0.12);
    const request = {
      operation: wish.operation,
      ...priced.request,
      ...(prompt === null ? {} : { prompt, ...(mayRepeat ? {} : { seed: this.#number }) }),
      ...(wish.hasImage ? { imageUrl: imageAddress(mayRepeat ? 1 : this.#number) } : {}),
      ...(wish.operation === 'DUB_VIDEO'
        ? { videoUrl: filmAddress(mayRepeat ? 1 : this.#number), targetLanguage: 'es' }
        : {}),
    };
    const inputHash = hash('sha256', JSON.stringify([accountId, priced.model, request]));
    return {
      id: newId(),
      accountId,
      credits: priced.credits,
      ceilingMicros: priced.costMicros,
      namespace: 'api',
      key: `demo-${this.#number}`,
      inputHash,
      provider: priced.provider,
      operation: wish.operation,
      model: priced.model,
      prompt,
      request,
      modelCostId: priced.modelCostId,
      modelPriceId: priced.modelPriceId,
      quoteId: null,
      cacheKey: inputHash,
      cacheSince: mayRepeat ? new Date(now - KEPT_MS) : null,
      servedById: null,
      sent: () => true,
      expiresAt: new Date(now + LIVES_MS),
    };
  }

  #attempt(item: ReserveItem, more: Partial<AttemptRecord> = {}): AttemptRecord {
    const [least, span] = TIMES[item.operation];
    const durationMs = least + this.#random.below(span);
    return {
      number: 1,
      provider: item.provider,
      model: item.model,
      outcome: 'SUCCEEDED',
      costMicros: item.ceilingMicros,
      costSource: 'catalog',
      modelCostId: item.modelCostId,
      durationMs,
      jobId: null,
      error: null,
      startedAt: new Date(this.#rooms.clock.now().getTime() - durationMs),
      final: true,
      ...more,
    };
  }

  #made(item: ReserveItem, attempt: AttemptRecord): SettleItem {
    return {
      generationId: item.id,
      action: 'POST',
      credits: item.credits,
      status: 'SUCCEEDED',
      failure: null,
      attempts: [attempt],
      outputs: this.#pictures.outputOf(item.operation, item.prompt ?? ''),
    };
  }

  #lost(item: ReserveItem, failed: FailureRecord, attempt: AttemptRecord): SettleItem {
    return {
      generationId: item.id,
      action: 'VOID',
      credits: 0,
      status: 'FAILED',
      failure: failed,
      attempts: [attempt],
      outputs: [],
    };
  }

  /** The end of a call on an ordinary day. */
  #endOf(item: ReserveItem, { priced }: PricedWish, served: boolean): SettleItem {
    if (served) {
      return this.#made(item, this.#attempt(item, { costMicros: 0n, costSource: 'cache', durationMs: 12 }));
    }
    const chance = this.#random.next();
    if (chance < 0.012) {
      return this.#lost(
        item,
        failure('CONTENT_REFUSED', 'The provider does not make this.'),
        this.#attempt(item, {
          // Runway charges for what it refuses.
          outcome: priced.provider === 'runway' ? 'FAILED_BILLED' : 'FAILED_UNBILLED',
          costMicros: priced.provider === 'runway' ? item.ceilingMicros : 0n,
          error: '400 content_policy_violation',
        }),
      );
    }
    if (chance < 0.032) {
      return this.#lost(
        item,
        failure('PROVIDER_UNAVAILABLE', DOWN_MESSAGE),
        this.#attempt(item, { outcome: 'FAILED_UNBILLED', costMicros: 0n, error: '503 overloaded' }),
      );
    }
    if (chance < 0.036) {
      return this.#lost(
        item,
        failure('PROVIDER_UNAVAILABLE', 'The provider broke off.'),
        this.#attempt(item, { outcome: 'FAILED_BILLED', error: '500 after the job had begun' }),
      );
    }
    if (chance < 0.038) {
      return this.#lost(
        item,
        failure('PROVIDER_UNAVAILABLE', 'The provider did not answer in time.'),
        this.#attempt(item, { outcome: 'UNKNOWN', costSource: 'ceiling', error: 'no answer within 60 s' }),
      );
    }
    return this.#made(item, this.#attempt(item));
  }

  /** The end of a call whose provider is down: at another one where the caller left it open which, else a failure. */
  async #endWhileDown(item: ReserveItem, { wish, priced }: PricedWish, named: boolean): Promise<SettleItem> {
    const { ledger, catalog, clock } = this.#rooms;
    const failed = this.#attempt(item, {
      outcome: 'FAILED_UNBILLED',
      costMicros: 0n,
      durationMs: 10_000,
      error: '503 Service Unavailable',
    });
    const next = named
      ? undefined
      : catalog
          .candidates({ operation: wish.operation, hasImage: wish.hasImage ?? false })
          .find((other) => other.provider !== priced.provider && other.costMicros <= priced.costMicros);
    if (next) {
      const outcome = await ledger.reroute({
        generationId: item.id,
        failed: { ...failed, final: false },
        provider: next.provider,
        model: next.model,
        modelCostId: next.modelCostId,
        ceilingMicros: next.costMicros,
        expiresAt: new Date(clock.now().getTime() + LIVES_MS),
      });
      if (outcome === 'rerouted') {
        const elsewhere = this.#attempt(item, {
          number: 2,
          provider: next.provider,
          model: next.model,
          costMicros: next.costMicros,
          modelCostId: next.modelCostId,
        });
        return this.#made(item, elsewhere);
      }
    }
    return this.#lost(item, failure('PROVIDER_UNAVAILABLE', DOWN_MESSAGE), failed);
  }
}
