/**
 * What the catalogue ships with: the owner's own list, and what vendors ask today. It reads like a table; what
 * puts it into the database is seed.ts.
 *
 * To change a figure, never edit a row that has shipped: add one with a later date. The old row says what was
 * billed before. Text in square brackets says where a second-hand figure was read; UNVERIFIED marks those that
 * wait for the vendor's first bill.
 */
import type { Operation } from '../providers/index.ts';
import type { PriceUnit } from './snapshot.ts';

/** The day from which the owner's list holds. */
const OWNER = '2025-01-01';
/** The day on which the shipped figures were last compared with their sources, and from which today's hold. */
export const CHECKED = '2026-11-20';

/** A model as it ships. */
export interface ShippedModel {
  /** `provider/name`; the provider is the part before the slash. */
  readonly id: string;
  readonly operation: Operation;
  readonly vendorModel: string;
  /** Out of 10. */
  readonly quality: number;
  /** Day, UTC. */
  readonly from: string;
  /** Day, UTC, from which on it no longer answers. */
  readonly retires?: string;
  readonly replacedBy?: string;
  /** The first of each list is the default. */
  readonly sizes?: readonly string[];
  readonly qualities?: readonly string[];
  readonly durations?: readonly number[];
  readonly maxCount?: number;
  /** Makes nothing without an image to start from. */
  readonly needsImage?: boolean;
  readonly note?: string;
}

/** Dimensions that a row is bound to; what is left out holds for any. */
interface ShippedDimensions {
  readonly size?: string;
  readonly quality?: string;
  readonly seconds?: number;
}

/** What a vendor bills from a day on. */
export interface ShippedCost extends ShippedDimensions {
  readonly model: string;
  readonly per: PriceUnit;
  /** Decimal dollars. */
  readonly cost: string;
  readonly from: string;
  readonly source: string;
}

/** What a list asks from a day on, in credits. */
export interface ShippedPrice extends ShippedDimensions {
  readonly list: string;
  readonly model: string;
  readonly per: PriceUnit;
  readonly credits: number;
  readonly from: string;
}

/** A price list as it ships. */
export interface ShippedList {
  readonly id: string;
  /** Decimal dollars: the least and the most that a credit sells for. */
  readonly credit: string;
  readonly creditMax: string;
  readonly freeCredits: number;
  readonly freePeriod: 'DAY' | 'MONTH';
  readonly note: string;
}

// ----------------------------------------------------------------------------------------------- price lists

/** The two lists that ship; one is active per site (PRICE_LIST). */
export const PRICE_LISTS: readonly ShippedList[] = [
  {
    id: 'tokens',
    credit: '0.01',
    creditMax: '0.01',
    freeCredits: 10,
    freePeriod: 'DAY',
    note: 'A credit sells for $0.01: 100 for $1.',
  },
  {
    id: 'dtf',
    credit: '0.40',
    creditMax: '0.80',
    freeCredits: 2,
    freePeriod: 'MONTH',
    note: 'A credit sells for $0.40 to $0.80, by plan or pack.',
  },
];

// ---------------------------------------------------------------------------------------------------- models

/** Flux knows shapes (1:1, 16:9, 9:16, 3:2, 2:3) of about a megapixel; each costs the same. */
const FLUX_SIZES = ['1024x1024', '1344x768', '768x1344', '1216x832', '832x1216'];
/** SDXL is billed by the time it takes: nothing above the megapixel that its cost was found for. */
const SDXL_SIZES = [...FLUX_SIZES, '1152x896', '896x1152', '768x768', '512x512'];

/**
 * Quality scores that the owner gave: Runway 10, Midjourney 10, Luma 9.8, Flux Pro 9.7, DALL·E 9.5, Pika 9.5,
 * SDXL 9. The others are ours, each with its reason.
 */
export const MODELS: readonly ShippedModel[] = [
  // Pictures
  {
    id: 'openai/dall-e-3-hd',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'dall-e-3',
    quality: 9.5,
    from: '2024-01-01',
    retires: '2026-05-12',
    replacedBy: 'openai/gpt-image-2',
    sizes: ['1024x1024'],
    qualities: ['hd'],
  },
  {
    id: 'openai/gpt-image',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'gpt-image-1.5',
    // At medium quality: under DALL·E 3 HD, which is its vendor's best, and above SDXL.
    quality: 9.3,
    from: OWNER,
    retires: '2026-12-01',
    replacedBy: 'openai/gpt-image-2',
    // Its other sizes cost more than the owner's figure.
    sizes: ['1024x1024'],
    qualities: ['medium'],
    maxCount: 10,
    note: "The owner's row. gpt-image-1 is gone since 2026-10-23; gpt-image-1.5 answers for it until 2026-12-01.",
  },
  {
    id: 'openai/gpt-image-2',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'gpt-image-2',
    // What replaced DALL·E 3 HD is not worse than it; under Flux Pro, which the owner ranks above OpenAI.
    quality: 9.6,
    from: CHECKED,
    sizes: ['1024x1024', '1024x1536', '1536x1024'],
    qualities: ['medium', 'low', 'high'],
    maxCount: 10,
    note: 'The vendor bills tokens: a long prompt costs $5 a million tokens on top of the picture.',
  },
  {
    id: 'replicate/flux-schnell',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'black-forest-labs/flux-schnell',
    // The four-step sibling of Flux Pro: a full point under SDXL with its refiner.
    quality: 8,
    from: OWNER,
    sizes: FLUX_SIZES,
    maxCount: 4,
  },
  {
    id: 'replicate/sdxl',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'stability-ai/sdxl:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b',
    quality: 9,
    from: OWNER,
    sizes: SDXL_SIZES,
    maxCount: 4,
    note: 'With its refiner.',
  },
  {
    id: 'replicate/flux-1.1-pro',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'black-forest-labs/flux-1.1-pro',
    quality: 9.7,
    from: OWNER,
    sizes: FLUX_SIZES,
  },
  {
    id: 'huggingface/free',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'black-forest-labs/FLUX.1-schnell',
    // Flux Schnell's pictures, on a free tier that may answer late or not at all.
    quality: 7,
    from: OWNER,
    sizes: [...FLUX_SIZES, '768x768', '512x512'],
    note: 'Free while the monthly credit of the Hugging Face account lasts ($0.10, or $2.00 with PRO).',
  },
  {
    id: 'midjourney/imagine',
    operation: 'GENERATE_IMAGE',
    vendorModel: 'imagine',
    quality: 10,
    from: OWNER,
    sizes: ['1024x1024'],
    note: 'Midjourney has no public API, and its terms forbid automation and resale without a grant. Off unless the operator configures a gateway, for which the operator answers.',
  },

  // Clips
  {
    id: 'runway/gen3a_turbo',
    operation: 'GENERATE_VIDEO',
    vendorModel: 'gen3a_turbo',
    quality: 10,
    from: OWNER,
    retires: '2026-07-30',
    replacedBy: 'runway/gen4_turbo',
    durations: [5, 8, 10],
  },
  {
    id: 'runway/gen4_turbo',
    operation: 'GENERATE_VIDEO',
    vendorModel: 'gen4_turbo',
    quality: 10,
    from: CHECKED,
    durations: [5, 8, 10],
    needsImage: true,
    note: 'Needs an image to start from. Runway charges for a picture or prompt that its safety system refuses.',
  },
  {
    id: 'runway/gen4.5',
    operation: 'GENERATE_VIDEO',
    vendorModel: 'gen4.5',
    // The owner's score for Runway; the one of its models that begins from words alone.
    quality: 10,
    from: CHECKED,
    durations: [5, 8, 10],
    note: 'Runway charges for a picture or prompt that its safety system refuses.',
  },
  {
    id: 'luma/dream-machine',
    operation: 'GENERATE_VIDEO',
    // The vendor's cheapest model that still answers; none is known by the owner's name and price.
    vendorModel: 'ray-flash-2',
    quality: 9.8,
    from: OWNER,
    durations: [5],
    note: "The owner's row. Second-hand sources put ray-flash-2 at about $0.24 for 5 s of 720p: compare with the first bill before selling it with a real key.",
  },
  {
    id: 'luma/ray-2',
    operation: 'GENERATE_VIDEO',
    vendorModel: 'ray-2',
    // The owner's score for Luma.
    quality: 9.8,
    from: CHECKED,
    durations: [5, 9],
    note: 'Priced for 720p.',
  },
  {
    id: 'pika/pika',
    operation: 'GENERATE_VIDEO',
    // The cheapest text-to-video that fal has of Pika.
    vendorModel: 'fal-ai/pika/v2/turbo/text-to-video',
    quality: 9.5,
    from: OWNER,
    durations: [3],
    note: "The owner's row, through fal, whose page asks $0.20 a clip today; whether 3 s is still accepted is UNVERIFIED: use pika/v2.2.",
  },
  {
    id: 'pika/v2.2',
    operation: 'GENERATE_VIDEO',
    vendorModel: 'fal-ai/pika/v2.2/text-to-video',
    // The owner's score for Pika.
    quality: 9.5,
    from: CHECKED,
    // 10 s has no price that we know of.
    durations: [5],
    note: 'Through fal, at 720p.',
  },

  // Each of these is alone in its operation, so its score only has to be honest: good, and not the best there is.
  {
    id: 'deep-image/upscale',
    operation: 'UPSCALE_IMAGE',
    vendorModel: 'upscale',
    quality: 9,
    from: OWNER,
    note: 'Twice the size.',
  },
  {
    id: 'clippingmagic/remove-background',
    operation: 'REMOVE_BACKGROUND',
    vendorModel: 'remove-background',
    quality: 9,
    from: OWNER,
  },
  {
    id: 'vectorizer/vectorize',
    operation: 'VECTORIZE_IMAGE',
    vendorModel: 'vectorize',
    quality: 9,
    from: OWNER,
  },
  {
    id: 'elevenlabs/dubbing',
    operation: 'DUB_VIDEO',
    vendorModel: 'dubbing_v1',
    quality: 9,
    from: OWNER,
    note: 'Billed by the begun minute. A video whose duration is not told is priced as 60 seconds. The film carries a watermark.',
  },
];

// ----------------------------------------------------------------------------------------------------- costs

const OWNERS_LIST = "The owner's list (product.md §1).";

/** What vendors bill, each row with its source. */
export const COSTS: readonly ShippedCost[] = [
  // From 2024, because the owner judged the old price of 8 by it: a margin of 0 %.
  { model: 'openai/dall-e-3-hd', per: 'OUTPUT', cost: '0.08', from: '2024-01-01', source: OWNERS_LIST },
  {
    model: 'openai/gpt-image',
    per: 'OUTPUT',
    cost: '0.04',
    from: OWNER,
    source: `${OWNERS_LIST} gpt-image-1.5 at medium quality is $0.034 [second-hand: a table on community.openai.com].`,
  },
  ...(
    [
      ['low', '0.006'],
      ['medium', '0.053'],
      ['high', '0.211'],
    ] as const
  ).map(([quality, cost]) => ({
    model: 'openai/gpt-image-2',
    quality,
    per: 'OUTPUT' as const,
    cost,
    from: CHECKED,
    source:
      "1024x1024 [second-hand: ai-primer.com and xairouter.com, which quote OpenAI's pages]. Held for 1024x1536 and 1536x1024 too, which cost less ($0.005, $0.041, $0.165) [second-hand: yingtu.ai, 2026-05-06].",
  })),
  {
    model: 'replicate/flux-schnell',
    per: 'OUTPUT',
    cost: '0',
    from: OWNER,
    source: `${OWNERS_LIST} The free tier of its day, booked for traffic.`,
  },
  {
    model: 'replicate/flux-schnell',
    per: 'OUTPUT',
    cost: '0.003',
    from: CHECKED,
    source: "The model's page on replicate.com: $3 for 1,000 pictures.",
  },
  {
    model: 'replicate/sdxl',
    per: 'OUTPUT',
    cost: '0.003',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: it is billed by hardware time, about $0.004 to $0.006 a run [second-hand].`,
  },
  {
    model: 'replicate/flux-1.1-pro',
    per: 'OUTPUT',
    cost: '0.04',
    from: OWNER,
    source: `${OWNERS_LIST} The same today [second-hand; that it is billed by the picture: replicate.com].`,
  },
  {
    model: 'huggingface/free',
    per: 'OUTPUT',
    cost: '0',
    from: OWNER,
    source: `${OWNERS_LIST} Booked for traffic. UNVERIFIED beyond the monthly free credit on huggingface.co.`,
  },
  {
    model: 'midjourney/imagine',
    per: 'OUTPUT',
    cost: '0.04',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: it depends on the operator's gateway.`,
  },
  { model: 'runway/gen3a_turbo', per: 'SECOND', cost: '0.05', from: OWNER, source: OWNERS_LIST },
  {
    model: 'runway/gen4_turbo',
    per: 'SECOND',
    cost: '0.05',
    from: CHECKED,
    source: "5 credits a second at $0.01 [Runway's own repository runwayml/skills].",
  },
  {
    model: 'runway/gen4.5',
    per: 'SECOND',
    cost: '0.12',
    from: CHECKED,
    source: "12 credits a second at $0.01 [Runway's own repository runwayml/skills].",
  },
  {
    model: 'luma/dream-machine',
    seconds: 5,
    per: 'OUTPUT',
    cost: '0.12',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: no model of Luma's API has this price today.`,
  },
  {
    model: 'luma/ray-2',
    seconds: 5,
    per: 'OUTPUT',
    cost: '0.71',
    from: CHECKED,
    source:
      '720p at $0.0064 a million pixels [second-hand, two that agree: Comfy-Org/docs pull request 514; an adapter on GitHub of April 2026]. UNVERIFIED by a bill.',
  },
  {
    model: 'luma/ray-2',
    seconds: 9,
    per: 'OUTPUT',
    cost: '1.27',
    from: CHECKED,
    source: '720p [second-hand: Comfy-Org/docs pull request 514]. UNVERIFIED by a bill.',
  },
  {
    model: 'pika/pika',
    seconds: 3,
    per: 'OUTPUT',
    cost: '0.10',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: whether fal still takes 3 s.`,
  },
  {
    model: 'pika/v2.2',
    seconds: 5,
    per: 'OUTPUT',
    cost: '0.20',
    from: CHECKED,
    source: "720p: fal's own page of the model.",
  },
  {
    model: 'deep-image/upscale',
    per: 'OUTPUT',
    cost: '0.08',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: the vendor sells credits, one for each picture.`,
  },
  {
    model: 'clippingmagic/remove-background',
    per: 'OUTPUT',
    cost: '0.125',
    from: OWNER,
    source: `${OWNERS_LIST} The vendor's smallest API plan: 200 credits for $25 [second-hand, 2026-04].`,
  },
  {
    model: 'vectorizer/vectorize',
    per: 'OUTPUT',
    cost: '0.20',
    from: OWNER,
    source: `${OWNERS_LIST} UNVERIFIED: one credit (production = 1.0); the exact credits come with each answer, the price of one is the operator's plan.`,
  },
  {
    model: 'elevenlabs/dubbing',
    per: 'MINUTE',
    cost: '0.33',
    from: OWNER,
    source:
      'Dubbing v1, watermarked [second-hand: puter, June 2026]. UNVERIFIED without watermark and for v2.',
  },
];

// ---------------------------------------------------------------------------------------------------- prices

/** What the lists ask, in credits. */
export const PRICES: readonly ShippedPrice[] = [
  // tokens: what a thing sells for, in cents.
  { list: 'tokens', model: 'openai/dall-e-3-hd', per: 'OUTPUT', credits: 8, from: '2024-01-01' },
  { list: 'tokens', model: 'openai/dall-e-3-hd', per: 'OUTPUT', credits: 16, from: OWNER },
  { list: 'tokens', model: 'openai/gpt-image', per: 'OUTPUT', credits: 8, from: OWNER },
  // A margin of 40 % or more on each: 70 %, 47 %, 47 %.
  { list: 'tokens', model: 'openai/gpt-image-2', quality: 'low', per: 'OUTPUT', credits: 2, from: CHECKED },
  {
    list: 'tokens',
    model: 'openai/gpt-image-2',
    quality: 'medium',
    per: 'OUTPUT',
    credits: 10,
    from: CHECKED,
  },
  { list: 'tokens', model: 'openai/gpt-image-2', quality: 'high', per: 'OUTPUT', credits: 40, from: CHECKED },
  { list: 'tokens', model: 'replicate/flux-schnell', per: 'OUTPUT', credits: 1, from: OWNER },
  { list: 'tokens', model: 'replicate/sdxl', per: 'OUTPUT', credits: 2, from: OWNER },
  { list: 'tokens', model: 'replicate/flux-1.1-pro', per: 'OUTPUT', credits: 6, from: OWNER },
  { list: 'tokens', model: 'huggingface/free', per: 'OUTPUT', credits: 1, from: OWNER },
  { list: 'tokens', model: 'midjourney/imagine', per: 'OUTPUT', credits: 8, from: OWNER },
  { list: 'tokens', model: 'runway/gen3a_turbo', seconds: 5, per: 'OUTPUT', credits: 30, from: OWNER },
  { list: 'tokens', model: 'runway/gen3a_turbo', seconds: 8, per: 'OUTPUT', credits: 50, from: OWNER },
  { list: 'tokens', model: 'runway/gen3a_turbo', seconds: 10, per: 'OUTPUT', credits: 60, from: OWNER },
  // The owner's figures: 5 s and 10 s have a margin of 16.7 %, and the catalogue flags them.
  { list: 'tokens', model: 'runway/gen4_turbo', seconds: 5, per: 'OUTPUT', credits: 30, from: CHECKED },
  { list: 'tokens', model: 'runway/gen4_turbo', seconds: 8, per: 'OUTPUT', credits: 50, from: CHECKED },
  { list: 'tokens', model: 'runway/gen4_turbo', seconds: 10, per: 'OUTPUT', credits: 60, from: CHECKED },
  // Ours: a margin of 40 %.
  { list: 'tokens', model: 'runway/gen4.5', per: 'SECOND', credits: 20, from: CHECKED },
  { list: 'tokens', model: 'luma/dream-machine', seconds: 5, per: 'OUTPUT', credits: 20, from: OWNER },
  // Ours, as those of pika/v2.2: a margin of 40 % or a little more.
  { list: 'tokens', model: 'luma/ray-2', seconds: 5, per: 'OUTPUT', credits: 120, from: CHECKED },
  { list: 'tokens', model: 'luma/ray-2', seconds: 9, per: 'OUTPUT', credits: 215, from: CHECKED },
  { list: 'tokens', model: 'pika/pika', seconds: 3, per: 'OUTPUT', credits: 15, from: OWNER },
  { list: 'tokens', model: 'pika/v2.2', seconds: 5, per: 'OUTPUT', credits: 35, from: CHECKED },
  { list: 'tokens', model: 'deep-image/upscale', per: 'OUTPUT', credits: 16, from: OWNER },
  { list: 'tokens', model: 'clippingmagic/remove-background', per: 'OUTPUT', credits: 25, from: OWNER },
  { list: 'tokens', model: 'vectorizer/vectorize', per: 'OUTPUT', credits: 40, from: OWNER },
  { list: 'tokens', model: 'elevenlabs/dubbing', per: 'MINUTE', credits: 55, from: OWNER },

  { list: 'dtf', model: 'openai/gpt-image', per: 'OUTPUT', credits: 1, from: OWNER },
  // The dearest quality leaves 47 % of $0.40.
  { list: 'dtf', model: 'openai/gpt-image-2', per: 'OUTPUT', credits: 1, from: CHECKED },
  { list: 'dtf', model: 'deep-image/upscale', per: 'OUTPUT', credits: 1, from: OWNER },
  { list: 'dtf', model: 'clippingmagic/remove-background', per: 'OUTPUT', credits: 1, from: OWNER },
  { list: 'dtf', model: 'vectorizer/vectorize', per: 'OUTPUT', credits: 2, from: OWNER },
];
