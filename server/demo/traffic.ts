/**
 * Customers of the demo who go on: a few calls a second through the public API, as a shop's server would make them. Some of
 * them fail, and who runs out of credits buys a pack at the till.
 */
import { randomUUID } from 'node:crypto';
import type { Catalog } from '../catalog/index.ts';
import type { Log } from '../log.ts';
import { filmAddress, imageAddress } from './pictures.ts';
import { createRandom, type Random } from './random.ts';
import { chooseWish, PROMPTS, type PricedWish, wishesNow } from './wishes.ts';

/** What traffic needs. */
export interface TrafficOptions {
  /** Where the server listens. */
  readonly url: string;
  /** A key that may generate for any account. */
  readonly apiKey: string;
  readonly catalog: Pick<Catalog, 'price'>;
  readonly log: Log;
  /** Calls a second on average; 0 makes none. */
  readonly perSecond: number;
  readonly seed?: number;
}

/** Traffic under way. */
export interface Traffic {
  /** Begins no more calls, and waits for those under way. */
  stop(): Promise<void>;
}

/** Calls under way at the most: a server that is slow is not piled up on. */
const MOST_UNDER_WAY = 20;
/** So many of a hundred calls cost next to nothing, so that a demo that is left alone does not use up its budget. */
const CHEAP_PERCENT = 94;
const CHEAP_MICROS = 6_000n;
/** How calls go wrong, with how often of a hundred; see the sandbox's directives. */
const MISHAPS = [
  ['[sandbox:fail]', 3],
  ['[sandbox:refuse]', 2],
  ['[sandbox:bill-failure]', 1],
] as const;

const ACCOUNTS = 'query { accounts(first: 100) { edges { node { id tier } } } }';
const CHECKOUT = `mutation ($input: CreateCheckoutInput!) {
  createCheckout(input: $input) { __typename ... on Checkout { url } }
}`;
const FIELDS = {
  GENERATE_IMAGE: ['generateImage', 'GenerateImageInput'],
  GENERATE_VIDEO: ['generateVideo', 'GenerateVideoInput'],
  UPSCALE_IMAGE: ['upscaleImage', 'UpscaleImageInput'],
  REMOVE_BACKGROUND: ['removeBackground', 'RemoveBackgroundInput'],
  VECTORIZE_IMAGE: ['vectorizeImage', 'VectorizeImageInput'],
  DUB_VIDEO: ['dubVideo', 'DubVideoInput'],
} as const;

interface Customer {
  readonly id: string;
  readonly tier: string;
}

function mishapOf(random: Random): string {
  const rest = 100 - MISHAPS.reduce((sum, [, percent]) => sum + percent, 0);
  return random.weighted([...MISHAPS, ['', rest] as const], ([, percent]) => percent)[0];
}

/** The variables of a call, as a shop would send them. */
function inputOf(random: Random, { wish, priced }: PricedWish, accountId: string) {
  const hasPrompt = wish.operation === 'GENERATE_IMAGE' || wish.operation === 'GENERATE_VIDEO';
  const mishap = mishapOf(random);
  const mayRepeat = random.chance(0.2);
  const isFilm = wish.operation === 'DUB_VIDEO';
  return {
    idempotencyKey: randomUUID(),
    accountId,
    model: priced.model,
    waitMs: 0,
    ...(hasPrompt ? { prompt: `${random.pick(PROMPTS)} ${mishap}`.trim() } : {}),
    ...(wish.operation === 'GENERATE_IMAGE' && wish.quality ? { quality: wish.quality } : {}),
    ...(wish.seconds ? { durationSeconds: wish.seconds } : {}),
    ...(wish.hasImage
      ? { imageUrl: `${imageAddress(1 + random.below(40))}${hasPrompt ? '' : `?${mishap}`}` }
      : {}),
    ...(isFilm ? { videoUrl: filmAddress(1), targetLanguage: 'es' } : {}),
    ...(wish.operation === 'GENERATE_IMAGE' && !mayRepeat ? { seed: random.below(1_000_000_000) } : {}),
    ...(isFilm ? {} : { useCache: mayRepeat }),
  };
}

/** Begins to make calls. */
export function startTraffic(options: TrafficOptions): Traffic {
  const { url, apiKey, catalog, log, perSecond, seed = 7 } = options;
  const random = createRandom(seed);
  const ended = new AbortController();
  const underWay = new Set<Promise<void>>();
  let customers: readonly Customer[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function ask<Data>(query: string, variables: object = {}): Promise<Data | null> {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return ((await answer.json()) as { data?: Data | null }).data ?? null;
  }

  async function buyPack(accountId: string): Promise<void> {
    const packs = await ask<{ packs: { id: string }[] }>('query { packs { id } }');
    const pack = packs?.packs[Math.min(1, packs.packs.length - 1)]?.id;
    if (pack === undefined) return;
    const page = { successUrl: 'https://shop.example/thanks', cancelUrl: 'https://shop.example/cart' };
    const data = await ask<{ createCheckout: { url?: string } }>(CHECKOUT, {
      input: { idempotencyKey: randomUUID(), accountId, pack, ...page },
    });
    const checkout = data?.createCheckout.url;
    if (checkout === undefined) return;
    const paid = await fetch(checkout, { method: 'POST', body: 'action=pay', redirect: 'manual' });
    await paid.arrayBuffer();
  }

  async function callOnce(): Promise<void> {
    if (customers.length === 0) {
      const data = await ask<{ accounts: { edges: { node: Customer }[] } }>(ACCOUNTS);
      customers = data?.accounts.edges.map(({ node }) => node) ?? [];
      if (customers.length === 0) return;
    }
    const customer = random.pick(customers);
    const isCheap = random.below(100) < CHEAP_PERCENT;
    const sold = wishesNow(catalog).filter(({ priced }) => !isCheap || priced.costMicros <= CHEAP_MICROS);
    const asked = chooseWish(random, customer.tier === 'FREE' ? 'free' : 'pack', sold);
    if (!asked) return;
    const [field, input] = FIELDS[asked.wish.operation];
    const data = await ask<Record<string, { __typename: string }>>(
      `mutation ($input: ${input}!) { ${field}(input: $input) { __typename } }`,
      { input: inputOf(random, asked, customer.id) },
    );
    const isShort = data?.[field]?.__typename === 'InsufficientCreditsError';
    if (isShort && (customer.tier !== 'FREE' || random.chance(0.02))) await buyPack(customer.id);
  }

  const next = () => {
    // Calls come as they do from many who know nothing of each other.
    const pauseMs = (-Math.log(1 - random.next()) * 1_000) / perSecond;
    timer = setTimeout(() => {
      if (underWay.size < MOST_UNDER_WAY) {
        const call = callOnce().catch((error: unknown) => {
          if (!ended.signal.aborted) log.debug({ error }, 'A call of the demo got no answer.');
        });
        underWay.add(call);
        void call.finally(() => underWay.delete(call));
      }
      next();
    }, pauseMs);
  };
  if (perSecond > 0) next();
  return {
    async stop() {
      ended.abort();
      clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}
