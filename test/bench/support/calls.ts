/** The call that benches of the ledger make. */
import { newId } from '../../../server/ids.ts';
import type { ReserveItem, SettleItem } from '../../../server/ledger/index.ts';

const price = { modelCostId: newId(), modelPriceId: newId() };

/** A picture of two credits, to be reserved. */
export function reserveItem(accountId: string): ReserveItem {
  const id = newId();
  return {
    id,
    accountId,
    credits: 2,
    ceilingMicros: 3_000n,
    namespace: 'api',
    key: `key-${id}`,
    inputHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    provider: 'replicate',
    operation: 'GENERATE_IMAGE',
    model: 'replicate/sdxl',
    prompt: 'a fox in the snow, at dawn',
    request: {
      operation: 'GENERATE_IMAGE',
      prompt: 'a fox in the snow, at dawn',
      size: '1024x1024',
      count: 1,
    },
    quoteId: null,
    cacheKey: `cache-${id}`,
    cacheSince: new Date(0),
    servedById: null,
    sent: () => true,
    expiresAt: new Date(Date.now() + 120_000),
    ...price,
  };
}

/** Its end: made, at its cost. */
export function settleItem(generationId: string): SettleItem {
  return {
    generationId,
    action: 'POST',
    credits: 2,
    status: 'SUCCEEDED',
    failure: null,
    attempts: [
      {
        number: 1,
        provider: 'replicate',
        model: 'replicate/sdxl',
        outcome: 'SUCCEEDED',
        costMicros: 3_000n,
        costSource: 'catalog',
        modelCostId: price.modelCostId,
        durationMs: 3,
        jobId: null,
        error: null,
        startedAt: new Date(),
        final: true,
      },
    ],
    outputs: [
      {
        id: newId(),
        position: 0,
        sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
        contentType: 'image/png',
        bytes: 67,
        width: 1,
        height: 1,
        durationSeconds: null,
      },
    ],
  };
}
