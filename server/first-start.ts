/** What a first start makes for a newcomer: an admin, and on a local start an account with credits and a key. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeId } from '../schema/index.ts';
import type { Core } from './core.ts';
import type { Demo } from './http/index.ts';

/** Credits of the demo account, sold at what a pack of 100 costs: $0.01 each. */
const DEMO_CREDITS = 100;
const DEMO_UNIT_MICROS = 10_000n;

/**
 * A local start (the embedded database, on this machine only) has an account to try things with and a key that GraphiQL
 * is filled in with. The key is kept in a file beside the database, readable by its owner alone, so that GraphiQL has it
 * again at the next start; whoever can read that file can read the database too.
 */
export async function prepareDemo(core: Core): Promise<Demo | null> {
  const { environment, accounts, ledger, access } = core;
  const isLocal =
    core.database.kind === 'pglite' && /^(localhost|127\.0\.0\.1|::1)$/.test(environment.http.host);
  if (!isLocal) return null;
  const saved = await accounts.upsert({ externalId: 'demo', tier: 'PAYG' });
  if (saved.status !== 'saved') throw new Error('The demo account could not be made.');
  await ledger.grant({
    accountId: saved.accountId,
    namespace: 'system',
    key: 'demo-credits',
    inputHash: 'demo-credits',
    source: 'PURCHASE',
    credits: DEMO_CREDITS,
    revenueMicros: DEMO_UNIT_MICROS * BigInt(DEMO_CREDITS),
    expiresAt: null,
    reason: 'Credits to try Solvent with, as if a pack of 100 had been bought',
    actor: 'system',
  });
  return { apiKey: await localKey(core), accountId: encodeId('Account', saved.accountId) };

  async function localKey(core: Core): Promise<string> {
    const file = join(environment.database.folder, 'local-api-key');
    try {
      const key = readFileSync(file, 'utf8').trim();
      await access.authenticate({ authorization: `Bearer ${key}`, cookie: null, sameOrigin: false });
      return key;
    } catch {
      // None yet, or one that was revoked: a new one.
    }
    const made = await access.createApiKey({ name: 'local start', scopes: ['admin'] }, 'system');
    if (made.status !== 'created') throw new Error('The local API key could not be made.');
    mkdirSync(core.environment.database.folder, { recursive: true });
    writeFileSync(file, `${made.key}\n`, { mode: 0o600 });
    return made.key;
  }
}
