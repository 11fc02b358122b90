/**
 * The vendors that are configured, each opened from its own file: what nobody has a key for is not even loaded, since
 * the SDKs together take a third of a start.
 */
import type { Micros } from '../money.ts';
import type { Provider } from './provider.ts';

/** A vendor that is called with one key. */
export interface KeyedVendor {
  readonly apiKey: string;
  /** Without a slash at its end; undefined lets the vendor's own address stand. */
  readonly baseUrl: string | undefined;
}

/** A vendor that is called with an id and a secret. */
export interface PairedVendor {
  readonly apiId: string;
  readonly apiSecret: string;
  /** Without a slash at its end; undefined lets the vendor's own address stand. */
  readonly baseUrl: string | undefined;
}

/** What is known of each vendor; undefined: not configured, and never routed to. */
export interface VendorSettings {
  /** Its key is empty when only a base URL is given: a gateway that asks for none. */
  readonly openai: KeyedVendor | undefined;
  /** Its token is empty when only a base URL is given: a gateway that asks for none. */
  readonly replicate:
    | {
        readonly apiToken: string;
        readonly baseUrl: string | undefined;
        readonly webhookSecret: string | undefined;
      }
    | undefined;
  readonly huggingface: KeyedVendor | undefined;
  /** Midjourney has no API of its own; this is a gateway to it that the operator answers for. */
  readonly midjourney:
    | {
        readonly gatewayUrl: string;
        readonly apiKey: string | undefined;
        readonly webhookSecret: string | undefined;
      }
    | undefined;
  readonly runway: KeyedVendor | undefined;
  readonly luma: KeyedVendor | undefined;
  readonly fal: KeyedVendor | undefined;
  readonly deepImage: KeyedVendor | undefined;
  readonly clippingMagic: PairedVendor | undefined;
  /** With what one of its credits costs on the operator's plan. */
  readonly vectorizer: (PairedVendor & { readonly creditMicros: Micros }) | undefined;
  readonly elevenlabs: KeyedVendor | undefined;
}

/** Opens what is configured, in the order of the catalogue. */
export async function openVendors(settings: VendorSettings): Promise<Provider[]> {
  const { openai, replicate, huggingface, midjourney, runway, luma, fal } = settings;
  const { deepImage, clippingMagic, vectorizer, elevenlabs } = settings;
  const vendors: Provider[] = [];
  if (openai) vendors.push((await import('./openai.ts')).createOpenAi(openai));
  if (replicate) vendors.push((await import('./replicate.ts')).createReplicate(replicate));
  if (huggingface) {
    const { apiKey, baseUrl } = huggingface;
    vendors.push((await import('./huggingface.ts')).createHuggingFace({ apiToken: apiKey, baseUrl }));
  }
  if (midjourney) vendors.push((await import('./midjourney.ts')).createMidjourney(midjourney));
  if (runway) vendors.push((await import('./runway.ts')).createRunway(runway));
  if (luma) vendors.push((await import('./luma.ts')).createLuma(luma));
  if (fal) {
    vendors.push((await import('./pika.ts')).createPika({ falKey: fal.apiKey, baseUrl: fal.baseUrl }));
  }
  if (deepImage) vendors.push((await import('./deep-image.ts')).createDeepImage(deepImage));
  if (clippingMagic) vendors.push((await import('./clippingmagic.ts')).createClippingMagic(clippingMagic));
  if (vectorizer) vendors.push((await import('./vectorizer.ts')).createVectorizer(vectorizer));
  if (elevenlabs) vendors.push((await import('./elevenlabs.ts')).createElevenLabs(elevenlabs));
  return vendors;
}
