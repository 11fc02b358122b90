import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Catalog,
  type PriceRequest,
  QUOTE_TTL_MS,
  type QuoteOutcome,
  type StoredQuote,
} from '../../server/catalog/index.ts';
import type { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { addCost, addPrice, complaints, NOON, openCatalog, openSeeded, priced } from './fixture.ts';

let database: Database;
let catalog: Catalog;
let clock: FakeClock;
const served = { now: true };
const ann = newId();
const bob = newId();

beforeAll(async () => {
  database = await openSeeded();
  ({ catalog, clock } = await openCatalog(database, { isServed: () => served.now }));
});
afterAll(async () => {
  catalog.close();
  await database.close();
});

const IMAGE: PriceRequest = { operation: 'GENERATE_IMAGE', model: 'openai/gpt-image-2', count: 2 };
const CLIP: PriceRequest = {
  operation: 'GENERATE_VIDEO',
  model: 'runway/gen4_turbo',
  durationSeconds: 8,
  hasImage: true,
};
const UPSCALE: PriceRequest = { operation: 'UPSCALE_IMAGE', model: 'deep-image/upscale' };

async function quoteFor(request: PriceRequest, accountId: string | null = ann): Promise<StoredQuote> {
  const outcome: QuoteOutcome = await catalog.createQuote(request, accountId);
  if (outcome.status !== 'quoted') throw new Error(JSON.stringify(outcome));
  return outcome.quote;
}

describe('a quote', () => {
  test('writes down what was priced, for ten minutes', async () => {
    const quote = await quoteFor(IMAGE);
    expect(quote).toMatchObject({
      accountId: ann,
      operation: 'GENERATE_IMAGE',
      model: 'openai/gpt-image-2',
      credits: 20,
      costMicros: 106_000n,
      revenueMicros: 200_000n,
      margin: 0.47,
      request: { size: '1024x1024', quality: 'medium', count: 2 },
      createdAt: new Date(NOON),
      expiresAt: new Date('2026-11-20T12:10:00Z'),
    });
    expect(await catalog.quote(quote.id)).toEqual(quote);
    expect(QUOTE_TTL_MS).toBe(600_000);
  });

  test('is not made for what cannot be priced', async () => {
    const outcomes = await Promise.all([
      catalog.createQuote({ ...IMAGE, count: 0 }, ann),
      catalog.createQuote({ ...IMAGE, model: 'openai/dall-e-3-hd' }, ann),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['invalid', 'invalid']);
  });

  test('is null when there is none by that id, or the id is none', async () => {
    expect(await catalog.quote(newId())).toBeNull();
    expect(await catalog.quote("'; DROP TABLE quote; --")).toBeNull();
  });

  test('is not honoured by a site with another price list', async () => {
    const { catalog: dtf } = await openCatalog(database, { priceList: 'dtf' });
    const { id } = await quoteFor(IMAGE);
    expect(await dtf.quote(id)).toBeNull();
    dtf.close();
  });
});

describe('a request under a quote', () => {
  test('is priced as quoted, and says the dimensions that it left out', async () => {
    const quote = await quoteFor(IMAGE);
    const direct = priced(catalog.price(IMAGE));
    expect(catalog.priceUnder(quote, { operation: 'GENERATE_IMAGE' }, ann)).toEqual(direct);
    expect(catalog.priceUnder(quote, IMAGE, ann)).toEqual(direct);
    expect(catalog.priceUnder(quote, { ...IMAGE, size: '1024x1024', quality: 'medium' }, ann)).toEqual(
      direct,
    );
  });

  test('keeps the quoted credits after the price rises, and books the cost of the day', async () => {
    const quote = await quoteFor(CLIP);
    const later = '2026-11-20T12:05:00Z';
    await addPrice(database, 'runway/gen4_turbo', 99, { durationSeconds: 8, from: later });
    const newCost = await addCost(database, 'runway/gen4_turbo', 60_000n, { unit: 'SECOND', from: later });
    await catalog.refresh();
    clock.set(later);
    expect(priced(catalog.price(CLIP))).toMatchObject({ credits: 99, costMicros: 480_000n });
    expect(priced(catalog.priceUnder(quote, CLIP, ann))).toMatchObject({
      credits: 50,
      revenueMicros: 500_000n,
      modelPriceId: quote.modelPriceId,
      costMicros: 480_000n,
      modelCostId: newCost,
    });
    clock.set(NOON);
  });

  test('keeps the quoted credits while the model is retired, and the quoted cost when it lost its row', async () => {
    const quote = await quoteFor(UPSCALE);
    const cost = await database.prisma.modelCost.findUniqueOrThrow({ where: { id: quote.modelCostId } });
    await database.prisma.modelCost.delete({ where: { id: cost.id } });
    await database.prisma.catalogModel.update({ where: { id: quote.model }, data: { retiresAt: NOON } });
    await catalog.refresh();
    expect(catalog.price(UPSCALE).status).toBe('invalid');
    expect(priced(catalog.priceUnder(quote, UPSCALE, ann))).toMatchObject({
      credits: 16,
      costMicros: 80_000n,
      modelCostId: cost.id,
    });
    await database.prisma.modelCost.create({ data: cost });
    await database.prisma.catalogModel.update({ where: { id: quote.model }, data: { retiresAt: null } });
    await catalog.refresh();
  });

  test('is refused from the very instant at which the quote expires', async () => {
    const quote = await quoteFor(IMAGE);
    clock.advance(QUOTE_TTL_MS - 1);
    expect(catalog.priceUnder(quote, IMAGE, ann).status).toBe('priced');
    clock.advance(1);
    expect(complaints(catalog.priceUnder(quote, IMAGE, ann))).toEqual([
      'quoteId: The quote expired at 2026-11-20T12:10:00.000Z; ask for a new one.',
    ]);
    clock.set(NOON);
  });

  test("is refused with another account's quote; a quote for nobody is everybody's", async () => {
    expect(complaints(catalog.priceUnder(await quoteFor(IMAGE), IMAGE, bob))).toEqual([
      'quoteId: The quote belongs to another account.',
    ]);
    expect(catalog.priceUnder(await quoteFor(IMAGE, null), IMAGE, bob).status).toBe('priced');
  });

  test.each<[string, PriceRequest, string[]]>([
    ['another operation', CLIP, ['quoteId: The quote is for GENERATE_IMAGE, not for GENERATE_VIDEO.']],
    [
      'another model',
      { ...IMAGE, model: 'replicate/sdxl' },
      ['model: The quote is for openai/gpt-image-2, not for "replicate/sdxl".'],
    ],
    [
      'a retired model that the caller does not let be replaced',
      { ...IMAGE, model: 'openai/dall-e-3-hd' },
      ['model: The quote is for openai/gpt-image-2, not for "openai/dall-e-3-hd".'],
    ],
    [
      'other dimensions',
      { ...IMAGE, size: '1024x1536', quality: 'high', count: 3, durationSeconds: 5, aspectRatio: '1:1' },
      [
        'aspectRatio: The quote has no aspectRatio; leave it out.',
        'size: The quote is for size 1024x1024, not "1024x1536".',
        'quality: The quote is for quality medium, not "high".',
        'count: The quote is for count 2, not 3.',
        'durationSeconds: The quote has no durationSeconds; leave it out.',
      ],
    ],
  ])('is refused when it asks for %s', async (_, request, expected) => {
    expect(complaints(catalog.priceUnder(await quoteFor(IMAGE), request, ann))).toEqual(expected);
  });

  test('may name the retired model that the quoted one replaces', async () => {
    const request = {
      operation: 'GENERATE_IMAGE',
      model: 'openai/dall-e-3-hd',
      allowSuccessor: true,
    } as const;
    const quote = await quoteFor(request);
    expect(quote.model).toBe('openai/gpt-image-2');
    expect(catalog.priceUnder(quote, request, ann).status).toBe('priced');
  });

  test('may choose the aspect ratio of a clip, which changes no price', async () => {
    const quote = await quoteFor(CLIP);
    const outcome = priced(catalog.priceUnder(quote, { ...CLIP, aspectRatio: '9:16' }, ann));
    expect(outcome.request).toEqual({ count: 1, durationSeconds: 8, aspectRatio: '9:16' });
    expect(complaints(catalog.priceUnder(quote, { ...CLIP, aspectRatio: 'wide' }, ann))).toEqual([
      'aspectRatio: "wide" is not an aspect ratio: write WIDTH:HEIGHT, such as 16:9.',
    ]);
  });

  test('is refused without the image that the quoted model needs', async () => {
    const quote = await quoteFor(CLIP);
    expect(complaints(catalog.priceUnder(quote, { ...CLIP, hasImage: false }, ann))).toEqual([
      'imageUrl: runway/gen4_turbo needs an image to start from; give one.',
    ]);
  });

  test('is unavailable while nothing serves the quoted model', async () => {
    const quote = await quoteFor(IMAGE);
    served.now = false;
    expect(catalog.priceUnder(quote, IMAGE, ann)).toEqual({
      status: 'unavailable',
      message: 'openai/gpt-image-2 is not served at present.',
    });
    served.now = true;
  });
});

test('quotes that expired over a day ago are dropped, younger ones are kept', async () => {
  const old = await quoteFor(IMAGE);
  clock.advance(1);
  const young = await quoteFor(IMAGE);
  clock.set(NOON);
  const { catalog: later } = await openCatalog(database, { now: '2026-11-21T12:10:00.001Z' });
  await later.dropOldQuotes();
  expect(await later.quote(old.id)).toBeNull();
  expect(await later.quote(young.id)).toEqual(young);
  later.close();
});
