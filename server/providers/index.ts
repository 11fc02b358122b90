/** The door of the providers' room: the contract, the vendors that keep it, and who answers for what. */
export { createHuggingFace } from './huggingface.ts';
export { createOpenAi } from './openai.ts';
export { createPika } from './pika.ts';
export * from './provider.ts';
export { createProviders, type Providers } from './registry.ts';
export { createReplicate } from './replicate.ts';
export { createSandbox } from './sandbox/index.ts';
