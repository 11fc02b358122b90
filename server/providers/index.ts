/** The door of the providers' room: the contract, the vendors that keep it, and who answers for what. */
export { createClippingMagic } from './clippingmagic.ts';
export { createDeepImage } from './deep-image.ts';
export { createElevenLabs } from './elevenlabs.ts';
export { createHuggingFace } from './huggingface.ts';
export { createLuma } from './luma.ts';
export { createMidjourney } from './midjourney.ts';
export { createOpenAi } from './openai.ts';
export { createPika } from './pika.ts';
export * from './provider.ts';
export { createProviders, type Providers } from './registry.ts';
export { createReplicate } from './replicate.ts';
export { createRunway } from './runway.ts';
export { createSandbox } from './sandbox/index.ts';
export { createVectorizer } from './vectorizer.ts';
