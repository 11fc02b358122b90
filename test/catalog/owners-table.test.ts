import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalog, PriceRequest } from '../../server/catalog/index.ts';
import type { Database } from '../../server/database/index.ts';
import { formatDecimal } from '../../server/money.ts';
import { openCatalog, openSeeded, priced } from './fixture.ts';

let database: Database;
let tokens: Catalog;
let dtf: Catalog;

beforeAll(async () => {
  database = await openSeeded();
  tokens = (await openCatalog(database)).catalog;
  dtf = (await openCatalog(database, { priceList: 'dtf' })).catalog;
});
afterAll(async () => {
  tokens.close();
  dtf.close();
  await database.close();
});

const IMAGE = { operation: 'GENERATE_IMAGE' } as const;
const VIDEO = { operation: 'GENERATE_VIDEO' } as const;
const FROM_IMAGE = { ...VIDEO, hasImage: true } as const;

/** Percent with one digit after the point, as the owner writes them. */
const percent = (ratio: number | null) => (ratio === null ? null : Math.round(ratio * 1000) / 10);

// Model, request, credits, cost in dollars, margin and markup in percent, under the floor of 20 %.
const TOKENS: [string, Omit<PriceRequest, 'model'>, number, string, number, number | null, boolean][] = [
  ['openai/gpt-image', IMAGE, 8, '0.04', 50, 100, false],
  ['openai/gpt-image-2', { ...IMAGE, quality: 'low' }, 2, '0.006', 70, 233.3, false],
  ['openai/gpt-image-2', { ...IMAGE, quality: 'medium' }, 10, '0.053', 47, 88.7, false],
  ['openai/gpt-image-2', { ...IMAGE, quality: 'high' }, 40, '0.211', 47.3, 89.6, false],
  ['replicate/flux-schnell', IMAGE, 1, '0.003', 70, 233.3, false],
  ['replicate/sdxl', IMAGE, 2, '0.003', 85, 566.7, false],
  ['replicate/flux-1.1-pro', IMAGE, 6, '0.04', 33.3, 50, false],
  ['huggingface/free', IMAGE, 1, '0.00', 100, null, false],
  ['midjourney/imagine', IMAGE, 8, '0.04', 50, 100, false],
  ['runway/gen4_turbo', { ...FROM_IMAGE, durationSeconds: 5 }, 30, '0.25', 16.7, 20, true],
  ['runway/gen4_turbo', { ...FROM_IMAGE, durationSeconds: 8 }, 50, '0.40', 20, 25, false],
  ['runway/gen4_turbo', { ...FROM_IMAGE, durationSeconds: 10 }, 60, '0.50', 16.7, 20, true],
  ['runway/gen4.5', { ...VIDEO, durationSeconds: 8 }, 160, '0.96', 40, 66.7, false],
  ['luma/dream-machine', { ...VIDEO, durationSeconds: 5 }, 20, '0.12', 40, 66.7, false],
  ['luma/ray-2', { ...VIDEO, durationSeconds: 5 }, 120, '0.71', 40.8, 69, false],
  ['luma/ray-2', { ...VIDEO, durationSeconds: 9 }, 215, '1.27', 40.9, 69.3, false],
  ['pika/pika', { ...VIDEO, durationSeconds: 3 }, 15, '0.10', 33.3, 50, false],
  ['pika/v2.2', { ...VIDEO, durationSeconds: 5 }, 35, '0.20', 42.9, 75, false],
  ['deep-image/upscale', { operation: 'UPSCALE_IMAGE' }, 16, '0.08', 50, 100, false],
  ['clippingmagic/remove-background', { operation: 'REMOVE_BACKGROUND' }, 25, '0.125', 50, 100, false],
  ['vectorizer/vectorize', { operation: 'VECTORIZE_IMAGE' }, 40, '0.20', 50, 100, false],
  ['elevenlabs/dubbing', { operation: 'DUB_VIDEO', durationSeconds: 60 }, 55, '0.33', 40, 66.7, false],
];

describe('the tokens list', () => {
  test.each(TOKENS)(
    'sells %s %o for %i credits at a cost of $%s',
    (model, request, credits, cost, margin, markup, belowFloor) => {
      const outcome = priced(tokens.price({ ...request, model }));
      expect(outcome).toMatchObject({ model, credits, revenueMicros: BigInt(credits) * 10_000n });
      expect(formatDecimal(outcome.costMicros)).toBe(cost);
      const variant = tokens
        .model(model)
        ?.prices.find(
          ({ quality, durationSeconds }) =>
            (quality === null || quality === outcome.request.quality) &&
            (durationSeconds === null || durationSeconds === outcome.request.durationSeconds),
        );
      expect(variant).toMatchObject({ credits, costMicros: outcome.costMicros, belowFloor });
      expect(percent(variant?.margin ?? null)).toBe(margin);
      expect(percent(variant?.markup ?? null)).toBe(markup);
    },
  );

  test.each([
    ['openai/dall-e-3-hd', [[null, 16, '0.08', 50, 100, false]]],
    [
      'runway/gen3a_turbo',
      [
        [5, 30, '0.25', 16.7, 20, true],
        [8, 50, '0.40', 20, 25, false],
        [10, 60, '0.50', 16.7, 20, true],
      ],
    ],
  ])('still shows what the retired %s was sold for', (model, rows) => {
    const card = tokens.model(model);
    expect(card).toMatchObject({ retired: true, available: false });
    const shown = card?.prices.map(({ durationSeconds, credits, costMicros, margin, markup, belowFloor }) => [
      durationSeconds,
      credits,
      formatDecimal(costMicros),
      percent(margin),
      percent(markup),
      belowFloor,
    ]);
    expect(shown).toEqual(rows);
  });

  test('flags a model when one of its prices is under the floor, and no other', () => {
    const flagged = tokens.models().filter(({ belowFloor }) => belowFloor);
    expect(flagged.map(({ id }) => id).sort()).toEqual(['runway/gen3a_turbo', 'runway/gen4_turbo']);
  });

  test('books a margin of 0 % for DALL·E at the old price of 8', async () => {
    const { catalog } = await openCatalog(database, { now: '2024-06-01T00:00:00Z' });
    const outcome = priced(catalog.price({ ...IMAGE, model: 'openai/dall-e-3-hd' }));
    expect(outcome).toMatchObject({ credits: 8, costMicros: 80_000n, revenueMicros: 80_000n });
    expect(catalog.model('openai/dall-e-3-hd')).toMatchObject({ margin: 0, markup: 0, belowFloor: true });
    catalog.close();
  });

  test("sells the owner's models at the owner's prices on a day of the owner's list", async () => {
    const { catalog } = await openCatalog(database, { now: '2025-06-01T00:00:00Z' });
    expect(priced(catalog.price({ ...IMAGE, model: 'openai/dall-e-3-hd' }))).toMatchObject({ credits: 16 });
    expect(priced(catalog.price({ ...IMAGE, model: 'replicate/flux-schnell' }))).toMatchObject({
      credits: 1,
      costMicros: 0n,
    });
    expect(
      priced(catalog.price({ ...VIDEO, model: 'runway/gen3a_turbo', durationSeconds: 8 })),
    ).toMatchObject({ credits: 50, costMicros: 400_000n });
    catalog.close();
  });
});

// Model, credits, margin at $0.40 and at $0.80 a credit.
const DTF: [string, number, number, number][] = [
  ['openai/gpt-image', 1, 90, 95],
  ['deep-image/upscale', 1, 80, 90],
  ['clippingmagic/remove-background', 1, 68.8, 84.4],
  ['vectorizer/vectorize', 2, 75, 87.5],
];

describe('the dtf list', () => {
  test.each(DTF)('sells %s for %i credits at a margin of %f to %f %%', (model, credits, least, most) => {
    const card = dtf.model(model);
    expect(card).toMatchObject({ creditsFrom: credits, belowFloor: false });
    expect(percent(card?.margin ?? null)).toBe(least);
    expect(percent(card?.prices[0]?.marginMax ?? null)).toBe(most);
  });

  test('sells every quality of gpt-image-2 for one credit, the dearest at a margin of 47 %', () => {
    const card = dtf.model('openai/gpt-image-2');
    const shown = card?.prices.map(({ quality, credits, margin }) => [quality, credits, percent(margin)]);
    expect(shown).toEqual([
      ['low', 1, 98.5],
      ['medium', 1, 86.8],
      ['high', 1, 47.3],
    ]);
  });

  test('has no price for what is not in it, and shows the cost all the same', () => {
    expect(dtf.price({ ...FROM_IMAGE, model: 'runway/gen4_turbo' })).toEqual({
      status: 'unpriced',
      model: 'runway/gen4_turbo',
      message: 'runway/gen4_turbo has no price in the list "dtf" for count 1, 5 seconds.',
    });
    expect(dtf.model('runway/gen4_turbo')).toMatchObject({
      creditsFrom: null,
      costFromMicros: 250_000n,
      margin: null,
      markup: null,
      belowFloor: null,
      available: false,
      prices: [],
    });
  });
});

describe('a card', () => {
  test('shows the smallest request, the life and the successor of a model', () => {
    expect(tokens.model('openai/gpt-image')).toMatchObject({
      provider: 'openai',
      operation: 'GENERATE_IMAGE',
      vendorModel: 'gpt-image-1.5',
      creditsFrom: 8,
      costFromMicros: 40_000n,
      margin: 0.5,
      markup: 1,
      available: true,
      retired: false,
      retiresAt: new Date('2026-12-01T00:00:00Z'),
      replacedBy: 'openai/gpt-image-2',
    });
    expect(tokens.model('openai/gpt-image-2')).toMatchObject({ creditsFrom: 2, costFromMicros: 6_000n });
    expect(tokens.model('nobody/nothing')).toBeNull();
  });

  test('says what a minute of dubbing costs', () => {
    expect(tokens.model('elevenlabs/dubbing')?.prices).toMatchObject([
      {
        size: null,
        quality: null,
        durationSeconds: null,
        unit: 'MINUTE',
        credits: 55,
        costMicros: 330_000n,
        margin: 0.4,
        markup: 0.666666,
        marginMax: 0.4,
        belowFloor: false,
      },
    ]);
    expect(tokens.model('elevenlabs/dubbing')?.note).toContain('60 seconds');
  });

  test('comes by operation, the best first', () => {
    const videos = tokens.models('GENERATE_VIDEO');
    expect(videos.map(({ id }) => id)).toEqual([
      'runway/gen3a_turbo',
      'runway/gen4.5',
      'runway/gen4_turbo',
      'luma/dream-machine',
      'luma/ray-2',
      'pika/pika',
      'pika/v2.2',
    ]);
    expect(tokens.models()).toHaveLength(19);
  });

  test('is unavailable while nothing answers for its model', async () => {
    const { catalog } = await openCatalog(database, { isServed: ({ provider }) => provider !== 'openai' });
    expect(catalog.model('openai/gpt-image-2')?.available).toBe(false);
    expect(catalog.model('replicate/sdxl')?.available).toBe(true);
    catalog.close();
  });
});
