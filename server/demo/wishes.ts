/** What people ask for: models with what they are asked, and prompts. */
import type { Catalog, PricedOutcome } from '../catalog/index.ts';
import type { Operation } from '../providers/index.ts';
import type { Kind } from './people.ts';
import type { Random } from './random.ts';

/** Something that can be asked for. */
export interface Wish {
  readonly model: string;
  readonly operation: Operation;
  readonly quality?: string;
  readonly seconds?: number;
  readonly hasImage?: boolean;
  /** How often each kind asks for it. */
  readonly free: number;
  readonly paying: number;
  readonly studio: number;
}

const image = (model: string, free: number, paying: number, studio = 0, quality?: string): Wish => ({
  model,
  operation: 'GENERATE_IMAGE',
  ...(quality === undefined ? {} : { quality }),
  free,
  paying,
  studio,
});
const video = (model: string, seconds: number, paying: number, studio: number, hasImage = false): Wish => ({
  model,
  operation: 'GENERATE_VIDEO',
  seconds,
  hasImage,
  free: 0,
  paying,
  studio,
});
const edit = (model: string, operation: Operation, free: number, paying: number): Wish => ({
  model,
  operation,
  hasImage: true,
  free,
  paying,
  studio: 1,
});

/** Models of every provider. What the catalogue does not sell on a day nobody asks for. */
const WISHES: readonly Wish[] = [
  image('replicate/flux-schnell', 10, 4),
  image('huggingface/free', 8, 2),
  image('replicate/sdxl', 6, 6),
  image('openai/gpt-image', 1, 6, 2),
  image('openai/gpt-image-2', 3, 3, 0, 'low'),
  image('openai/gpt-image-2', 1, 7, 3, 'medium'),
  image('openai/gpt-image-2', 0, 1, 1, 'high'),
  image('replicate/flux-1.1-pro', 1, 6, 2),
  image('midjourney/imagine', 0, 4, 2),
  video('luma/dream-machine', 5, 4, 9),
  video('pika/pika', 3, 3, 4),
  video('pika/v2.2', 5, 1, 2),
  video('runway/gen4_turbo', 5, 3, 5, true),
  video('runway/gen4_turbo', 8, 2, 4, true),
  video('runway/gen4.5', 5, 0.5, 0.5),
  video('luma/ray-2', 5, 0.2, 0.2),
  edit('deep-image/upscale', 'UPSCALE_IMAGE', 0.5, 4),
  edit('clippingmagic/remove-background', 'REMOVE_BACKGROUND', 0.5, 4),
  edit('vectorizer/vectorize', 'VECTORIZE_IMAGE', 0.2, 2),
  { model: 'elevenlabs/dubbing', operation: 'DUB_VIDEO', seconds: 60, free: 0, paying: 0.7, studio: 0.5 },
];

/** Prompts of which the demo has pictures. */
export const PROMPTS: readonly string[] = [
  'A harbour at night, long exposure',
  'A paper boat on a calm sea',
  'A fox in the snow, watercolour',
  'Poster for a summer fair',
  'A ceramic mug on a linen cloth, product photo',
  'A lighthouse in a storm, oil painting',
  'An isometric room with plants',
  'A pattern of lemons and leaves',
  'A mountain village at dawn',
  'A robot that waters flowers',
  'Logo of a bakery, flat, two colours',
  'A bicycle in front of a blue door',
  'A slice of cake, studio light',
  'A sailing ship made of clouds',
  'An owl with reading glasses',
  'A street in the rain, neon signs',
];

/** A wish with its price on its day. */
export interface PricedWish {
  readonly wish: Wish;
  readonly priced: PricedOutcome;
}

/** Everything that is sold now. */
export function wishesNow(catalog: Pick<Catalog, 'price'>): PricedWish[] {
  return WISHES.flatMap((wish) => {
    const priced = catalog.price({
      operation: wish.operation,
      model: wish.model,
      quality: wish.quality,
      durationSeconds: wish.seconds,
      hasImage: wish.hasImage ?? false,
    });
    return priced.status === 'priced' ? [{ wish, priced }] : [];
  });
}

const weightFor = (kind: Kind, wish: Wish) =>
  kind === 'studio' ? wish.studio : kind === 'free' || kind === 'wheel' ? wish.free : wish.paying;

/** What somebody of a kind asks for, of what is sold. Null: none of it. */
export function chooseWish(random: Random, kind: Kind, sold: readonly PricedWish[]): PricedWish | null {
  const wanted = sold.filter(({ wish }) => weightFor(kind, wish) > 0);
  return wanted.length === 0 ? null : random.weighted(wanted, ({ wish }) => weightFor(kind, wish));
}
