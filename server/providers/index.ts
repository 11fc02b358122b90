/** The door of the providers' room: the contract, the vendors that keep it, and who answers for what. */
export * from './provider.ts';
export { createProviders, type Providers } from './registry.ts';
export { createSandbox } from './sandbox/index.ts';
export { type KeyedVendor, openVendors, type PairedVendor, type VendorSettings } from './vendors.ts';
