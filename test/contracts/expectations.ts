/** What the suite over all providers expects of an answer, so that each test of it is a sentence. */
import { expect } from 'vitest';
import type {
  CancelResult,
  ProviderFailure,
  ProviderOutput,
  ProviderSuccess,
  SubmitResult,
} from '../../server/providers/provider.ts';
import type { Hit } from '../support/vendors/http-vendor.ts';
import type { Expected, ProviderHarness, ProviderSession } from './harness.ts';

export async function expectSuccess(
  result: SubmitResult,
  count: number,
  { costMicros, contentType = 'image/png' }: ProviderHarness,
): Promise<void> {
  expect(result.status, JSON.stringify(result, bigintAsText)).toBe('succeeded');
  const { outputs, costMicros: told } = result as ProviderSuccess;
  expect(told).toBe(costMicros(count));
  expect(outputs).toHaveLength(count);
  for (const output of outputs) await expectFile(output, contentType);
}

/** The bytes are those of a file of the type and size that are claimed for it. */
export async function expectFile(
  { content, contentType, width, height }: ProviderOutput,
  expected: string,
): Promise<void> {
  const bytes =
    content instanceof Uint8Array
      ? Buffer.from(content)
      : Buffer.from(await (await fetch(content.url)).arrayBuffer());
  expect(contentType).toBe(expected);
  expect(bytes.length).toBeGreaterThan(0);
  if (expected === 'image/svg+xml') expect(bytes.toString('utf8')).toContain('<svg');
  if (expected === 'video/mp4') expect(bytes.subarray(4, 8).toString('latin1')).toBe('ftyp');
  if (expected !== 'image/png') return;
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  if (width !== undefined) expect(bytes.readUInt32BE(16)).toBe(width);
  if (height !== undefined) expect(bytes.readUInt32BE(20)).toBe(height);
}

export function expectRunning(result: SubmitResult, jobId: string): void {
  expect(result, JSON.stringify(result, bigintAsText)).toMatchObject({
    status: 'running',
    jobId: expect.stringMatching(/./),
    pollAfterMs: expect.any(Number),
  });
  if (result.status !== 'running') return;
  expect(result.jobId).toBe(jobId);
  expect(result.pollAfterMs).toBeGreaterThan(0);
}

/** The whole of a failure, and that its texts are fit for whom they are meant. */
export function expectFailure(session: ProviderSession, result: SubmitResult, expected: Expected): void {
  expect(result).toEqual({
    status: 'failed',
    ...expected,
    message: expect.any(String),
    detail: expect.any(String),
    // A job's id may be known or not; it is no part of a verdict.
    ...(result.jobId === undefined ? {} : { jobId: result.jobId }),
  });
  const { message, detail } = result as ProviderFailure;
  expect(message).toMatch(/^[A-Z].{5,}/);
  expect(message).not.toMatch(/https?:|127\.0\.0\.1|localhost|\.com\b|\bat .+:\d+|ECONN|undefined|\[object/);
  expect(detail.length).toBeGreaterThan(0);
  expect(detail.length).toBeLessThanOrEqual(1_000);
  if (session.wire) expect(message + detail).not.toContain(session.wire.key);
}

export function expectSubmits({ wire }: ProviderSession, submits: number): void {
  if (wire) expect(wire.vendor.submits, 'paid POSTs on the wire').toBe(submits);
}

export function expectGoesOn({ wire }: ProviderSession, result: CancelResult): void {
  expect(result).toEqual({ status: 'goes-on', detail: expect.stringMatching(/./) });
  if (wire) expect(JSON.stringify(result)).not.toContain(wire.key);
}

export function expectRejected(reading: unknown): void {
  expect(reading).toEqual({ status: 'rejected', reason: expect.stringMatching(/^[A-Z].*\.$/) });
}

export function expectChecks({ wire }: ProviderSession, checks: number): void {
  if (wire) expect(wire.vendor.count('check'), 'questions on the wire').toBe(checks);
}

/** Every place of a vendor's envelope in which a key could come back. */
export function echo({ headers }: Hit): object {
  const authorization = headers.authorization ?? String(headers['x-api-key'] ?? headers['xi-api-key'] ?? '');
  const credential = authorization.replace(/^(?:Bearer|Basic|Key) /, '');
  // A pair travels in base64, and may be said back as it was written.
  const pair = authorization.startsWith('Basic ') ? Buffer.from(credential, 'base64').toString() : '';
  const key = `${credential} ${pair}`;
  // So often that a cut at any length goes through a key.
  const words = `Incorrect API key provided: ${authorization} ${`${key} `.repeat(40)}`;
  return { error: { message: words, type: key, param: key, code: key }, detail: words };
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
