/** `/admin`: the operator's pages, with what a browser may and may not do on them. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFile, Pages } from '../pages/index.ts';
import { sendError } from './body.ts';

/** Stands in the built page where each answer's nonce goes. */
const NONCE = /%NONCE%/g;
const ADMIN = '/admin';

/** Links by which a browser has the parts of a page along with the first scripts, and not one round trip later. */
function linksTo(parts: readonly string[]): string {
  return parts
    .map((part) =>
      part.endsWith('.css')
        ? `<link rel="stylesheet" crossorigin href="/${part}">`
        : `<link rel="modulepreload" crossorigin href="/${part}">`,
    )
    .join('');
}

/**
 * What the page may do: scripts and styles of this server only, and those style elements that bear the answer's nonce
 * (Mantine writes its colours into one). Files that generations made may be shown from where they are served.
 */
function policy(nonce: string, publicUrl: string): string {
  const files = new URL(publicUrl).origin;
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data: ${files}`,
    `media-src 'self' ${files}`,
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const SAFE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

function sendAsset(file: PageFile, request: IncomingMessage, response: ServerResponse): void {
  const accepted = request.headers['accept-encoding'] ?? '';
  const [encoding, bytes] =
    file.brotli && /\bbr\b/.test(accepted)
      ? ['br', file.brotli]
      : file.gzip && /\bgzip\b/.test(accepted)
        ? ['gzip', file.gzip]
        : [null, file.bytes];
  response.writeHead(200, {
    ...SAFE,
    'content-type': file.contentType,
    'content-length': bytes.length,
    // Its name has a digest of what is in it: it never changes.
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    ...(encoding ? { 'content-encoding': encoding } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Told with the page, so that it need not ask before it asks for what it shows. client/admin/session reads it. */
const SIGNED_IN = '<meta name="viewer" content="signed in">';

function sendPage(
  file: PageFile,
  parts: readonly string[],
  isSignedIn: boolean,
  publicUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const nonce = randomBytes(16).toString('base64');
  const html = file.bytes
    .toString('utf8')
    .replace(NONCE, nonce)
    .replace('</head>', `${isSignedIn ? SIGNED_IN : ''}${linksTo(parts)}</head>`);
  response.writeHead(200, {
    ...SAFE,
    'content-type': file.contentType,
    'content-length': Buffer.byteLength(html),
    'cache-control': 'no-store',
    'content-security-policy': policy(nonce, publicUrl),
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    'x-frame-options': 'DENY',
  });
  response.end(request.method === 'HEAD' ? undefined : html);
}

/**
 * Serves `/admin` and all below it: a built file by its name, and the page itself for every other path, since the page's
 * own router knows what is there.
 *
 * @param pages null when none are built.
 * @param isSignedIn whether the request comes with a session of an admin. It is asked for the page itself only.
 */
export async function serveAdmin(
  pages: Pages | null,
  path: string,
  publicUrl: string,
  isSignedIn: () => Promise<boolean>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = pages?.file('admin/index.html');
  if (!pages || !page) {
    response.setHeader('retry-after', '10');
    sendError(
      response,
      503,
      'SERVICE_UNAVAILABLE',
      'The pages are not built. Run npm ci with the development packages, then npm run build-pages.',
    );
    return;
  }
  if (!path.startsWith('/admin/assets/')) {
    const address = path.slice(ADMIN.length) || '/';
    sendPage(page, pages.partsOf(address), await isSignedIn(), publicUrl, request, response);
    return;
  }
  const file = pages.file(path.slice(1));
  if (file) sendAsset(file, request, response);
  else sendError(response, 404, 'NOT_FOUND', 'There is no such file: the page is of another version.');
}
