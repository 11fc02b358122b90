import type { Provider } from './provider.ts';

/** Which vendor answers for which model. */
export interface Providers {
  /** Who answers for the models of this provider; null when nobody does. */
  serving(provider: string): Provider | null;
  /** The vendor of this name, if it is configured. The sandbox has no name here. */
  named(provider: string): Provider | null;
  /** True while the sandbox stands in for everything that no vendor answers for. */
  readonly sandbox: boolean;
  /** Names of the vendors that are configured. */
  readonly names: readonly string[];
}

/**
 * @param vendors those that are configured.
 * @param sandbox stands in for the models of every other vendor; null when nothing stands in.
 */
export function createProviders(vendors: readonly Provider[], sandbox: Provider | null): Providers {
  const byName = new Map(vendors.map((vendor) => [vendor.name, vendor]));
  return {
    serving: (provider) => byName.get(provider) ?? sandbox,
    named: (provider) => byName.get(provider) ?? null,
    sandbox: sandbox !== null,
    names: [...byName.keys()],
  };
}
