/**
 * ClippingMagic: takes the background out of a picture. What it shares with its sister is in cedar-lake.ts.
 *
 * A trap that is gone round here: the vendor's own examples follow redirects after the POST, the page on its API lists
 * 301 to 303 among its answers, and a result's headers (`x-amz-meta-id`) are those of a file on S3. So such an answer is
 * the result's address. It goes to storage, which fetches it by a GET without our credentials; nothing is posted twice.
 *
 * No answer tells money or credits: the catalogue's dated cost stands.
 */
import { type CedarLakeOptions, type CedarLakeService, createCedarLake } from './cedar-lake.ts';
import { isAddress, typeOfPicture } from './files.ts';
import type { Provider, ProviderOutput } from './provider.ts';

/** How ClippingMagic is reached; the base URL is `https://clippingmagic.com/api/v1`. */
export type ClippingMagicOptions = CedarLakeOptions;

const BASE_URL = 'https://clippingmagic.com/api/v1';

/** Redirects to what was made. A 307 or 308 would ask for the POST to be repeated. */
const REDIRECTS = [301, 302, 303];

const SERVICE: CedarLakeService = {
  name: 'clippingmagic',
  title: 'ClippingMagic',
  baseUrl: BASE_URL,
  path: '/images',
  operation: 'REMOVE_BACKGROUND',
  // Without it the answer is an id, for an editor in a browser.
  fields: { format: 'result' },
  alsoAnswers: REDIRECTS,
  readOutput,
  costOf: () => null,
};

/** ClippingMagic as a provider. */
export function createClippingMagic(options: ClippingMagicOptions): Provider {
  return createCedarLake(SERVICE, options);
}

async function readOutput(answer: Response): Promise<ProviderOutput | undefined> {
  if (REDIRECTS.includes(answer.status)) return readAddress(answer.headers.get('location'));
  // A PNG as a rule, since it is see-through; a JPEG where a result has a background of its own.
  const content = await answer.bytes();
  const contentType = typeOfPicture(content);
  return contentType === undefined ? undefined : { content, contentType };
}

/** Only a whole address: a relative one leads back to the API, which gives nothing to who has no credentials. */
function readAddress(location: string | null): ProviderOutput | undefined {
  if (!isAddress(location) || !URL.canParse(location)) return undefined;
  return { content: { url: location }, contentType: 'image/png' };
}
