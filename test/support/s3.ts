/**
 * A bucket on the loopback interface that speaks S3's wire format: path-style URLs, XML errors, ranges, copies. It
 * believes nobody: each request's SigV4 signature is computed again from the secret, and a body has to have the
 * SHA-256 that was signed for it. It can be told to fail.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Says who may ask, and where. */
export const S3_ACCOUNT = {
  bucket: 'outputs',
  region: 'eu-central-1',
  accessKeyId: 'AKIATEST00000000EXAM',
  secretAccessKey: 'test/secret+of/the/bucket000000000000000',
} as const;

/** A request that came, whatever became of it. */
export interface S3Request {
  readonly method: string;
  /** Decoded, without the bucket. */
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
}

/** What a request meets instead of its answer. */
export type S3Fault =
  /** An error in S3's own form. */
  | { readonly status: number; readonly code: string }
  /** The connection is closed: before the answer, or in the middle of the body. */
  | 'closed'
  /** Nothing is ever answered. */
  | 'silence';

export interface TestBucket extends AsyncDisposable {
  readonly url: string;
  /** What lies in it, by key. */
  readonly objects: Map<string, { readonly bytes: Buffer; readonly contentType: string }>;
  readonly requests: S3Request[];
  /** Meets the next requests of a method, or of any, with a fault; for good without a number. */
  fail(fault: S3Fault, options?: { readonly method?: string; readonly times?: number }): void;
  /** Answers again. */
  mend(): void;
}

const hex = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
/** As AWS writes a URI: everything but the unreserved characters. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** Fails unless the request is signed by the account, for these bytes, at this hour. */
function verify(request: IncomingMessage, body: Buffer): void {
  const authorization = request.headers.authorization ?? '';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!parts) throw new Refused(403, 'AccessDenied');
  const [, id = '', day = '', region = '', signedHeaders = '', signature] = parts;
  const at = String(request.headers['x-amz-date'] ?? '');
  const payload = String(request.headers['x-amz-content-sha256'] ?? '');
  if (id !== S3_ACCOUNT.accessKeyId) throw new Refused(403, 'InvalidAccessKeyId');
  if (region !== S3_ACCOUNT.region) throw new Refused(400, 'AuthorizationHeaderMalformed');
  const instant = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!at.startsWith(day) || Math.abs(Date.now() - instant) > 15 * 60_000) {
    throw new Refused(403, 'RequestTimeTooSkewed');
  }
  const names = signedHeaders.split(';');
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date']) {
    if (!names.includes(name)) throw new Refused(403, 'AccessDenied');
  }
  const url = new URL(request.url ?? '/', 'http://s3');
  const canonical = [
    request.method,
    url.pathname
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payload,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${S3_ACCOUNT.secretAccessKey}`,
  );
  const expected = hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hex(canonical)}`).toString('hex');
  if (signature !== expected) throw new Refused(403, 'SignatureDoesNotMatch');
  // Stricter than S3: a body that nobody vouched for is not taken.
  if (payload !== hex(body)) throw new Refused(400, 'XAmzContentSHA256Mismatch');
}

/** Starts an empty bucket. */
export async function startTestBucket(): Promise<TestBucket> {
  const objects: TestBucket['objects'] = new Map();
  const requests: S3Request[] = [];
  let fault: { readonly what: S3Fault; readonly method: string | undefined; left: number } | undefined;

  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer, cut: boolean) => {
    verify(request, body);
    const [, bucket, ...rest] = new URL(request.url ?? '/', 'http://s3').pathname.split('/');
    const key = rest.map(decodeURIComponent).join('/');
    if (bucket !== S3_ACCOUNT.bucket) throw new Refused(404, 'NoSuchBucket');
    const found = objects.get(key);
    switch (request.method) {
      case 'PUT': {
        const source = request.headers['x-amz-copy-source'];
        if (source === undefined) {
          const contentType = request.headers['content-type'] ?? 'binary/octet-stream';
          objects.set(key, { bytes: body, contentType });
          response.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`);
          return response.end();
        }
        const [from, ...path] = decodeURIComponent(String(source)).replace(/^\//, '').split('/');
        const copied = objects.get(path.join('/'));
        if (from !== S3_ACCOUNT.bucket || !copied) throw new Refused(404, 'NoSuchKey');
        objects.set(key, copied);
        response.setHeader('content-type', 'application/xml');
        return response.end(
          '<?xml version="1.0"?><CopyObjectResult><ETag>"x"</ETag><LastModified>2026-11-20T12:00:00.000Z</LastModified></CopyObjectResult>',
        );
      }
      case 'GET':
      case 'HEAD': {
        if (!found) throw new Refused(404, 'NoSuchKey');
        const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
        const start = range ? Number(range[1]) : 0;
        const end = range?.[2] ? Math.min(Number(range[2]), found.bytes.length - 1) : found.bytes.length - 1;
        if (range && start > end) throw new Refused(416, 'InvalidRange');
        const part = found.bytes.subarray(start, end + 1);
        response.writeHead(range ? 206 : 200, {
          'content-length': part.length,
          'content-type': found.contentType,
          ...(range ? { 'content-range': `bytes ${start}-${end}/${found.bytes.length}` } : {}),
        });
        if (request.method === 'HEAD') return response.end();
        if (!cut) return response.end(part);
        return response.write(part.subarray(0, Math.ceil(part.length / 2)), () => response.destroy());
      }
      case 'DELETE':
        objects.delete(key);
        response.writeHead(204);
        return response.end();
      default:
        throw new Refused(405, 'MethodNotAllowed');
    }
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return; // Whoever breaks off an upload has stored nothing.
    }
    const key = decodeURIComponent((request.url ?? '').split('?')[0] ?? '')
      .split('/')
      .slice(2)
      .join('/');
    response.once('close', () => {
      const { method = '', headers } = request;
      requests.push({ method, key, headers, status: response.headersSent ? response.statusCode : 0 });
    });
    const meets =
      fault && fault.left > 0 && (fault.method === undefined || fault.method === request.method)
        ? fault
        : undefined;
    if (meets) meets.left -= 1;
    try {
      if (meets?.what === 'silence') return;
      if (meets?.what === 'closed') {
        if (request.method !== 'GET') return void response.destroy();
      } else if (meets) {
        throw new Refused(meets.what.status, meets.what.code);
      }
      answer(request, response, Buffer.concat(chunks), meets !== undefined);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // As with S3, the answer to a HEAD has no body that could say more.
      response.writeHead(error.status, { 'content-type': 'application/xml' });
      response.end(
        request.method === 'HEAD'
          ? undefined
          : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>It was refused.</Message></Error>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    fail(what, options = {}) {
      fault = { what, method: options.method, left: options.times ?? Number.POSITIVE_INFINITY };
    },
    mend() {
      fault = undefined;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
