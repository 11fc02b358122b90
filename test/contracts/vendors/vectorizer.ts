/** Vectorizer.AI in the suite over all providers. */
import { createVectorizer } from '../../../server/providers/vectorizer.ts';
import { status } from '../../support/vendors/http-vendor.ts';
import { startVectorizerVendor } from '../../support/vendors/vectorizer.ts';
import { cedarLake } from './cedar-lake.ts';
import { INPUT } from './requests.ts';

export const vectorizer = cedarLake({
  model: 'vectorizer/vectorize',
  vendorModel: 'vectorize',
  request: { operation: 'VECTORIZE_IMAGE', imageUrl: INPUT.url, count: 1 },
  contentType: 'image/svg+xml',
  costMicros: (count) => 200_000n * BigInt(count),
  create: createVectorizer,
  startVendor: startVectorizerVendor,
  billedFailure: {
    fault: status(200, 'no drawing', { 'x-credits-charged': '1.0' }),
    costMicros: 200_000n,
  },
});
