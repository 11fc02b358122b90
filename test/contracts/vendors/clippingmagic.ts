/** ClippingMagic in the suite over all providers. */
import { createClippingMagic } from '../../../server/providers/clippingmagic.ts';
import { startClippingMagicVendor } from '../../support/vendors/clippingmagic.ts';
import { cedarLake } from './cedar-lake.ts';
import { INPUT } from './requests.ts';

export const clippingmagic = cedarLake({
  model: 'clippingmagic/remove-background',
  vendorModel: 'remove-background',
  request: { operation: 'REMOVE_BACKGROUND', imageUrl: INPUT.url, count: 1 },
  costMicros: () => null,
  create: createClippingMagic,
  startVendor: startClippingMagicVendor,
});
