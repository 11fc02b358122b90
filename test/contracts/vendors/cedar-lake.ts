/** What the harnesses of ClippingMagic and Vectorizer.AI have in common. */

import type { Micros } from '../../../server/money.ts';
import type { CedarLakeOptions } from '../../../server/providers/cedar-lake.ts';
import type { Provider } from '../../../server/providers/provider.ts';
import type { CedarLakeVendorOptions } from '../../support/vendors/cedar-lake.ts';
import { type Fault, type HttpVendor, refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import type { ProviderHarness } from '../harness.ts';
import { INPUT, UNSUPPORTED } from './requests.ts';

export const API_ID = '23705';
/** Without a shape that could be known: only the provider itself can recognise it. */
export const API_SECRET = 'zq7contract0123456789j7kc26p13ntkvvg0';

interface Service
  extends Pick<ProviderHarness, 'model' | 'vendorModel' | 'request' | 'contentType' | 'costMicros'> {
  create(options: CedarLakeOptions): Provider;
  startVendor(options: CedarLakeVendorOptions): Promise<HttpVendor>;
  /** An answer that makes nothing and is billed, and what it costs. Missing: this service tells of none. */
  readonly billedFailure?: { readonly fault: Fault; readonly costMicros: Micros };
}

/** The harness of either service. */
export function cedarLake({ create, startVendor, billedFailure, ...service }: Service): ProviderHarness {
  return {
    ...service,
    input: INPUT,
    unsupported: UNSUPPORTED,
    maxCount: 1,
    expected: {
      // Its workers are overloaded: none has begun.
      overloaded: { billed: 'no' },
      ...(billedFailure ? { billedFailure: { costMicros: billedFailure.costMicros } } : {}),
    },
    async start({ timeoutMs } = {}) {
      const vendor = await startVendor({ apiId: API_ID, apiSecret: API_SECRET });
      const make = (baseUrl: string) =>
        create({
          apiId: API_ID,
          apiSecret: API_SECRET,
          baseUrl,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      return {
        provider: make(vendor.url),
        wire: { vendor, key: API_SECRET, refused: async () => make(await refusingUrl()) },
        invalid: (request) => {
          vendor.script(status(400));
          return request;
        },
        ...(billedFailure
          ? {
              billedFailure: (request) => {
                vendor.script(billedFailure.fault);
                return request;
              },
            }
          : {}),
        [Symbol.asyncDispose]: vendor.close,
      };
    },
  };
}
