/**
 * The door of the sandbox: a Stripe of our own, so that buying works on a machine without keys, and tests have one Stripe to
 * talk to. What it takes and gives is no money.
 */
export * as checkout from './checkout.ts';
export { openSandbox, type Sandbox, type Shown } from './desk.ts';
export type { WireAnswer, WireRequest } from './requests.ts';
export type { Scene } from './scene.ts';
export { openSandboxStripe, type SandboxStripe } from './server.ts';
export { createMemoryStore, createTableStore, type MemoryStore, type Shelf, type Store } from './store.ts';
export * as subscriptions from './subscriptions.ts';
export * as till from './till.ts';
export type { WireEvent } from './wire.ts';
