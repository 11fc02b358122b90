/** Every vendor in the suite, so that a document can be held to what is tested. The sandbox is none. */
import type { ProviderHarness } from '../harness.ts';
import { clippingmagic } from './clippingmagic.ts';
import { deepImage } from './deep-image.ts';
import { elevenlabs } from './elevenlabs.ts';
import { huggingface } from './huggingface.ts';
import { luma } from './luma.ts';
import { midjourney } from './midjourney.ts';
import { openai } from './openai.ts';
import { pika } from './pika.ts';
import { FLUX, replicate, replicateOnPictures, SDXL } from './replicate.ts';
import { INPUT } from './requests.ts';
import { runway } from './runway.ts';
import { vectorizer } from './vectorizer.ts';

/** One vendor may have several: one for each way in which it is asked. */
export const HARNESSES: readonly ProviderHarness[] = [
  openai,
  replicate(FLUX, true),
  replicate(SDXL, false),
  ...replicateOnPictures,
  huggingface,
  midjourney,
  runway,
  luma,
  pika(),
  pika(INPUT),
  deepImage,
  clippingmagic,
  vectorizer,
  elevenlabs,
];
