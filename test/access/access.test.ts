import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Access,
  AccessError,
  type AccessOptions,
  allows,
  type Caller,
  createAccess,
  mayActFor,
  SCOPES,
} from '../../server/access/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { newId } from '../../server/ids.ts';
import { silentLog } from '../../server/log.ts';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';

const START = '2026-11-20T10:00:00.000Z';
const SECRET = 'a secret of at least thirty-two characters';
const ADMIN_KEY = 'the key of the environment';

let database: TestDatabase['database'];

/** Each database statement that ran, to see what is answered from memory. */
const statements: string[] = [];

/** The keys whose last use was written, once for each time. */
const lastUses: unknown[] = [];

beforeAll(async () => {
  const { database: opened } = await openTestDatabase('pglite');
  database = {
    ...opened,
    query: (text, parameters) => {
      statements.push(text);
      const ids = parameters?.[0];
      if (text.startsWith('UPDATE api_key SET last_used_at') && Array.isArray(ids)) lastUses.push(...ids);
      return opened.query(text, parameters);
    },
  };
});
afterAll(() => database.close());

/** Access as one process has it. Several on one database are several processes. */
async function start(options: Partial<AccessOptions> = {}) {
  const clock = new FakeClock(START);
  const access = await createAccess({ database, clock, log: silentLog, tokenSecret: SECRET, ...options });
  return { access, clock };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, cookie: null, sameOrigin: false });
const withCookie = (setCookie: string, sameOrigin = true) => ({
  authorization: null,
  cookie: `theme=dark; ${setCookie.split(';')[0]}; other=1`,
  sameOrigin,
});

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AccessError)) throw error ?? new Error('It was let in.');
  expect(error.code).toBe('UNAUTHENTICATED');
  return error.reason;
}

async function makeKey(access: Access, scopes: string[] = ['generate'], actor = 'system') {
  const made = await access.createApiKey({ name: 'a shop', scopes }, actor);
  if (made.status !== 'created') throw new Error(JSON.stringify(made));
  return made;
}

async function everythingStored(): Promise<string> {
  const tables = await database.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  const rows = await Promise.all(
    tables.map(({ name }) =>
      database.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`),
    ),
  );
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

const auditOf = (subject: string) =>
  database.query<{ actor: string; action: string; detail: unknown; at: Date }>(
    'SELECT actor, action, detail, at FROM audit_log WHERE subject = $1 ORDER BY at, id',
    [subject],
  );

test('without credentials there is no caller, and no error', async () => {
  const { access } = await start();
  expect(await access.authenticate({ authorization: null, cookie: null, sameOrigin: true })).toBeNull();
  expect(
    await access.authenticate({ authorization: ' ', cookie: 'theme=dark', sameOrigin: true }),
  ).toBeNull();
});

describe('API keys', () => {
  test('a key is who it is, with its scopes', async () => {
    const { access } = await start();
    const { key, apiKey } = await makeKey(access, ['profit:read', 'generate', 'generate']);
    expect(await access.authenticate(bearer(key))).toEqual({
      kind: 'API_KEY',
      actor: `key:${apiKey.id}`,
      scopes: new Set(['generate', 'profit:read']),
      accountId: null,
      namespace: 'api',
      expiresAt: null,
    });
    expect(apiKey).toMatchObject({ name: 'a shop', scopes: ['generate', 'profit:read'], revokedAt: null });
  });

  test('a bare key is taken too, as clients write it in connection_init', async () => {
    const { access } = await start();
    const { key, apiKey } = await makeKey(access);
    const caller = await access.authenticate({ authorization: key, cookie: null, sameOrigin: false });
    expect(caller?.actor).toBe(`key:${apiKey.id}`);
  });

  test('a key is shown once, and nothing in the database contains it', async () => {
    const { access } = await start();
    const { key, apiKey } = await makeKey(access);
    expect(key).toMatch(/^slv_[0-9A-Za-z]{49}$/);
    expect(apiKey.prefix).toBe(key.slice(0, 12));
    expect(apiKey).not.toHaveProperty('hash');
    await access.authenticate(bearer(key));
    await access.close();
    const stored = await everythingStored();
    expect(stored).toContain(apiKey.prefix);
    // Not even a part beyond what is shown.
    expect(stored).not.toContain(key.slice(12, 24));
    expect(stored).not.toContain(key.slice(-12));
  });

  test('a revoked key is refused at once in this process, and within cacheMs in others', async () => {
    const here = await start({ cacheMs: 2000 });
    const elsewhere = await start({ cacheMs: 2000 });
    const { key, apiKey } = await makeKey(here.access);
    await here.access.authenticate(bearer(key));
    const there = await elsewhere.access.authenticate(bearer(key));
    if (!there) throw new Error('It was not let in.');
    expect(await elsewhere.access.isStillValid(there)).toBe(true);

    const revoked = await here.access.revokeApiKey(apiKey.id, 'admin:x');
    expect(revoked?.revokedAt).toEqual(new Date(START));
    expect(await reasonOf(here.access.authenticate(bearer(key)))).toBe('REVOKED');
    expect(await here.access.isStillValid(there)).toBe(false);

    elsewhere.clock.advance(2000);
    expect(await reasonOf(elsewhere.access.authenticate(bearer(key)))).toBe('REVOKED');
    expect(await elsewhere.access.isStillValid(there)).toBe(false);
  });

  test('a revocation is not undone by an answer that was on its way meanwhile', async () => {
    let release = () => {};
    let holdBack = false;
    const slow: typeof database = {
      ...database,
      query: async <Row>(text: string, parameters?: readonly unknown[]) => {
        const rows = await database.query<Row>(text, parameters);
        if (holdBack && text.includes('WHERE hash')) {
          holdBack = false;
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return rows;
      },
    };
    const { access } = await start({ database: slow });
    const { key, apiKey } = await makeKey(access);
    holdBack = true;
    const early = access.authenticate(bearer(key));
    early.catch(() => {});
    await access.isStillValid({ kind: 'API_KEY', actor: `key:${apiKey.id}` } as Caller);
    await access.revokeApiKey(apiKey.id, 'system');
    const late = access.authenticate(bearer(key));
    release();
    expect(await reasonOf(early)).toBe('REVOKED');
    expect(await reasonOf(late)).toBe('REVOKED');
    expect(await reasonOf(access.authenticate(bearer(key)))).toBe('REVOKED');
  });

  test('revoking twice changes nothing and writes one line', async () => {
    const { access, clock } = await start();
    const { apiKey } = await makeKey(access, ['generate'], 'admin:maker');
    const first = await access.revokeApiKey(apiKey.id, 'admin:ender');
    clock.advance(5000);
    expect(await access.revokeApiKey(apiKey.id, 'admin:other')).toEqual(first);
    expect(await auditOf(apiKey.id)).toMatchObject([
      {
        actor: 'admin:maker',
        action: 'api-key.created',
        detail: { name: 'a shop', prefix: apiKey.prefix, scopes: ['generate'] },
      },
      { actor: 'admin:ender', action: 'api-key.revoked' },
    ]);
  });

  test('revoking what is not there answers null', async () => {
    const { access } = await start();
    expect(await access.revokeApiKey(newId(), 'system')).toBeNull();
    expect(await access.revokeApiKey('no id', 'system')).toBeNull();
  });

  test('a typing error is told from an unknown key, without asking the database', async () => {
    const { access } = await start();
    const { key } = await makeKey(access);
    const typo = key.slice(0, 20) + (key[20] === 'x' ? 'y' : 'x') + key.slice(21);
    statements.length = 0;
    expect(await reasonOf(access.authenticate(bearer(typo)))).toBe('MALFORMED');
    expect(await reasonOf(access.authenticate(bearer(key.slice(0, -1))))).toBe('MALFORMED');
    expect(await reasonOf(access.authenticate(bearer('slv_')))).toBe('MALFORMED');
    expect(statements).toEqual([]);
  });

  test('other schemes and other texts are refused', async () => {
    const { access } = await start({ adminKey: ADMIN_KEY });
    for (const authorization of [
      'Basic YTpi',
      'Bearer',
      'Bearer ',
      'hello',
      'a.b',
      `Bearer ${'x'.repeat(5000)}`,
    ]) {
      const shown = { authorization, cookie: null, sameOrigin: false };
      expect(await reasonOf(access.authenticate(shown)), authorization).toBe('MALFORMED');
    }
  });

  test('a key of another database is unknown', async () => {
    const { access } = await start();
    const { key, apiKey } = await makeKey(access);
    await database.query('DELETE FROM api_key WHERE id = $1', [apiKey.id]);
    statements.length = 0;
    expect(await reasonOf(access.authenticate(bearer(key)))).toBe('UNKNOWN');
    expect(await reasonOf(access.authenticate(bearer(key)))).toBe('UNKNOWN');
    expect(statements).toHaveLength(1);
  });

  test('many calls at once and soon after each other ask the database once', async () => {
    const { access, clock } = await start();
    const { key } = await makeKey(access);
    statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, () => access.authenticate(bearer(key))));
    clock.advance(1999);
    await access.authenticate(bearer(key));
    expect(statements).toHaveLength(1);
    clock.advance(1);
    await access.authenticate(bearer(key));
    expect(statements).toHaveLength(2);
  });

  test('a clock that is put back keeps no answer alive', async () => {
    const { access, clock } = await start();
    const { key } = await makeKey(access);
    await access.authenticate(bearer(key));
    clock.advance(-60_000);
    statements.length = 0;
    await access.authenticate(bearer(key));
    expect(statements).toHaveLength(1);
  });

  test('a wrong name and wrong scopes are named, and nothing is made', async () => {
    const { access } = await start();
    const before = await database.query('SELECT id FROM api_key');
    expect(await access.createApiKey({ name: ' ', scopes: ['generate', 'root'] }, 'system')).toEqual({
      status: 'invalid',
      fields: [
        { path: 'name', message: 'A name has 1 to 100 characters.' },
        { path: 'scopes', message: `There is no scope "root". Give at least one of ${SCOPES.join(', ')}.` },
      ],
    });
    const none = await access.createApiKey({ name: 'n'.repeat(101), scopes: [] }, 'system');
    expect(none).toMatchObject({ status: 'invalid', fields: [{ path: 'name' }, { path: 'scopes' }] });
    expect(await database.query('SELECT id FROM api_key')).toHaveLength(before.length);
  });

  test('the last use is written at most once a minute, and the newest when access is closed', async () => {
    const { access, clock } = await start();
    const { key, apiKey } = await makeKey(access);
    const lastUsedAt = async () =>
      (
        await database.query<{ at: Date | null }>('SELECT last_used_at AS at FROM api_key WHERE id = $1', [
          apiKey.id,
        ])
      )[0]?.at;
    const writes = () => lastUses.filter((id) => id === apiKey.id).length;
    await access.authenticate(bearer(key));
    await expect.poll(lastUsedAt, { timeout: 5000 }).toEqual(new Date(START));
    for (let second = 0; second < 59; second += 1) {
      clock.advance(1000);
      await access.authenticate(bearer(key));
    }
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(writes()).toBe(1);
    expect(await lastUsedAt()).toEqual(new Date(START));

    await access.close();
    expect(await lastUsedAt()).toEqual(new Date('2026-11-20T10:00:59.000Z'));
    expect(writes()).toBe(2);
  });

  test('a last use that cannot be written fails no call, and is written later', async () => {
    let broken = true;
    const flaky: typeof database = {
      ...database,
      query: (text, parameters) =>
        broken && text.startsWith('UPDATE api_key')
          ? Promise.reject(new Error('connection lost'))
          : database.query(text, parameters),
    };
    const { access } = await start({ database: flaky });
    const { key, apiKey } = await makeKey(access);
    await access.authenticate(bearer(key));
    await access.close();
    broken = false;
    await access.close();
    const [row] = await database.query('SELECT last_used_at AS at FROM api_key WHERE id = $1', [apiKey.id]);
    expect(row).toEqual({ at: new Date(START) });
  });

  test('a broken database is no wrong key', async () => {
    const { access } = await start({
      database: { ...database, query: () => Promise.reject(new Error('connection lost')) },
    });
    const { key } = await makeKey((await start()).access);
    await expect(access.authenticate(bearer(key))).rejects.toThrow('connection lost');
  });
});

describe('the key of the environment', () => {
  test('has every scope while it is set, and is nobody’s when it is not', async () => {
    const withKey = (await start({ adminKey: ADMIN_KEY })).access;
    const caller = await withKey.authenticate(bearer(ADMIN_KEY));
    expect(caller).toMatchObject({ kind: 'API_KEY', actor: 'key:environment', namespace: 'api' });
    expect(caller?.scopes).toEqual(new Set(SCOPES));
    if (!caller) throw new Error('It was not let in.');
    expect(await withKey.isStillValid(caller)).toBe(true);

    for (const adminKey of [undefined, '', ' ', `${ADMIN_KEY}x`]) {
      const { access } = await start({ adminKey });
      expect(await reasonOf(access.authenticate(bearer(ADMIN_KEY)))).toBe('MALFORMED');
    }
    expect(await (await start()).access.isStillValid(caller)).toBe(false);
  });

  test('may be any text: like an API key, like a JWT, beyond ASCII as Node reads it from a header', async () => {
    for (const adminKey of ['slv_sixteen_letters', 'aaaaaa.bbbbbb.cccccc', 'schlüssel-für-alles']) {
      const { access } = await start({ adminKey });
      const header = Buffer.from(adminKey, 'utf8').toString('latin1');
      expect((await access.authenticate(bearer(adminKey)))?.actor).toBe('key:environment');
      expect((await access.authenticate(bearer(header)))?.actor).toBe('key:environment');
    }
  });
});

describe('account tokens', () => {
  const accountId = newId();
  const nowSeconds = Date.parse(START) / 1000;

  const sign = (
    claims: Record<string, unknown>,
    { secret = SECRET, alg = 'HS256' }: { secret?: string; alg?: string } = {},
  ) =>
    new SignJWT({
      iss: 'solvent',
      aud: 'solvent',
      sub: accountId,
      iat: nowSeconds,
      exp: nowSeconds + 600,
      ...claims,
    })
      .setProtectedHeader({ alg })
      .sign(new TextEncoder().encode(secret));

  test('a token acts for its account alone, and may generate', async () => {
    const { access } = await start();
    const { token, expiresAt } = await access.issueAccountToken(accountId, 3600);
    expect(expiresAt).toEqual(new Date('2026-11-20T11:00:00.000Z'));
    const caller = await access.authenticate(bearer(token));
    expect(caller).toEqual({
      kind: 'ACCOUNT',
      actor: `account:${accountId}`,
      scopes: new Set(['generate']),
      accountId,
      namespace: accountId,
      expiresAt,
    });
    // The second time it comes from memory.
    expect(await access.authenticate(bearer(token))).toBe(caller);
  });

  test('a token of one process is good in another that has the same secret', async () => {
    const { token } = await (await start()).access.issueAccountToken(accountId, 60);
    expect((await (await start()).access.authenticate(bearer(token)))?.accountId).toBe(accountId);
  });

  test('a token ends by the clock, also when it is remembered', async () => {
    const { access, clock } = await start();
    const { token } = await access.issueAccountToken(accountId, 60);
    const caller = await access.authenticate(bearer(token));
    if (!caller) throw new Error('It was not let in.');
    clock.advance(59_999);
    await access.authenticate(bearer(token));
    expect(await access.isStillValid(caller)).toBe(true);
    clock.advance(1);
    expect(await reasonOf(access.authenticate(bearer(token)))).toBe('EXPIRED');
    expect(await access.isStillValid(caller)).toBe(false);
    const fresh = await start();
    fresh.clock.advance(60_000);
    expect(await reasonOf(fresh.access.authenticate(bearer(token)))).toBe('EXPIRED');
  });

  test('the tokens that this test signs itself are good, unless a fault is put in', async () => {
    const { access } = await start();
    expect((await access.authenticate(bearer(await sign({}))))?.accountId).toBe(accountId);
  });

  test('a tampered token is refused', async () => {
    const { access } = await start();
    const { token } = await access.issueAccountToken(accountId, 3600);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: newId() })).toString('base64url');
    expect(await reasonOf(access.authenticate(bearer(`${header}.${forged}.${signature}`)))).toBe('UNKNOWN');
    const flipped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    expect(await reasonOf(access.authenticate(bearer(`${header}.${payload}.${flipped}`)))).toBe('UNKNOWN');
    expect(await reasonOf(access.authenticate(bearer(`${header}.${payload}.`)))).toBe('UNKNOWN');
    expect(await reasonOf(access.authenticate(bearer('..')))).toBe('UNKNOWN');
  });

  test('a token without a signature (alg none) is refused', async () => {
    const { access } = await start();
    const none = new UnsecuredJWT({ iss: 'solvent', aud: 'solvent', sub: accountId })
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + 600)
      .encode();
    expect(await reasonOf(access.authenticate(bearer(none)))).toBe('UNKNOWN');
  });

  test('a token signed with another secret or another algorithm is refused', async () => {
    const { access } = await start();
    const other = await sign({}, { secret: 'another secret of thirty-two characters' });
    expect(await reasonOf(access.authenticate(bearer(other)))).toBe('UNKNOWN');
    expect(
      await reasonOf(access.authenticate(bearer(await sign({}, { alg: 'HS512', secret: SECRET + SECRET })))),
    ).toBe('UNKNOWN');
  });

  test.each([
    ['other audience', { aud: 'another' }],
    ['other issuer', { iss: 'another' }],
    ['subject, which is no account', { sub: 'admin' }],
    ['missing subject', { sub: undefined }],
    ['missing expiry', { exp: undefined }],
    ['expiry, which is beyond all time', { exp: 1e300 }],
    ['missing issue', { iat: undefined }],
    ['start in the future', { nbf: nowSeconds + 60 }],
  ])('a rightly signed token is refused for its %s', async (_, claims) => {
    const { access } = await start();
    expect(await reasonOf(access.authenticate(bearer(await sign(claims))))).toBe('UNKNOWN');
  });

  test('a life outside 60 seconds to 24 hours is a mistake of whoever asks', async () => {
    const { access } = await start();
    for (const seconds of [0, 59, 86_401, 60.5, Number.NaN]) {
      await expect(access.issueAccountToken(accountId, seconds)).rejects.toThrow(RangeError);
    }
    await access.issueAccountToken(accountId, 60);
    await access.issueAccountToken(accountId, 86_400);
  });

  test('without a given secret, processes that start at once make one and keep it', async () => {
    const several = await Promise.all(Array.from({ length: 5 }, () => start({ tokenSecret: undefined })));
    const later = await start({ tokenSecret: undefined });
    const [first] = several;
    if (!first) throw new Error('None has started.');
    const { token } = await first.access.issueAccountToken(accountId, 60);
    for (const { access } of [...several, later]) {
      expect((await access.authenticate(bearer(token)))?.accountId).toBe(accountId);
    }
    const rows = await database.query<{ value: string }>(
      "SELECT value FROM setting WHERE key = 'token-secret'",
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.value.length).toBeGreaterThanOrEqual(43);
    expect(await reasonOf((await start()).access.authenticate(bearer(token)))).toBe('UNKNOWN');
  });
});

test('scopes: admin implies all, a token may act for its own account alone', () => {
  const caller = (
    kind: Caller['kind'],
    scopes: Caller['scopes'],
    accountId: string | null = null,
  ): Caller => ({
    kind,
    scopes,
    accountId,
    actor: 'key:x',
    namespace: 'api',
    expiresAt: null,
  });
  const admin = caller('API_KEY', new Set(['admin']));
  for (const scope of SCOPES) expect(allows(admin, scope)).toBe(true);
  const reader = caller('API_KEY', new Set(['profit:read']));
  expect(SCOPES.filter((scope) => allows(reader, scope))).toEqual(['profit:read']);
  expect(mayActFor(reader, 'a')).toBe(true);
  expect(mayActFor(caller('ADMIN', new Set(SCOPES)), 'a')).toBe(true);
  const account = caller('ACCOUNT', new Set(['generate']), 'a');
  expect(mayActFor(account, 'a')).toBe(true);
  expect(mayActFor(account, 'b')).toBe(false);
});

describe('admins', () => {
  const EMAIL = 'owner@example.com';
  const PASSWORD = 'correct horse battery';

  test('several processes that start at once make one admin; later starts make none', async () => {
    const several = await Promise.all(Array.from({ length: 4 }, () => start()));
    const made = await Promise.all(
      several.map(({ access }, index) =>
        // Different e-mails: no unique index would keep them apart.
        access.ensureFirstAdmin({
          email: index === 0 ? ` ${EMAIL.toUpperCase()}` : `${index}@example.com`,
          password: PASSWORD,
        }),
      ),
    );
    expect(made.filter((admin) => admin !== null)).toHaveLength(1);
    const admins = await database.query<{ id: string; email: string }>('SELECT id, email FROM admin');
    expect(admins).toHaveLength(1);
    expect(await auditOf(admins[0]?.id ?? '')).toMatchObject([{ actor: 'system', action: 'admin.created' }]);
    const { access } = await start();
    expect(
      await access.ensureFirstAdmin({ email: 'x@example.com', password: 'another password' }),
    ).toBeNull();
    await database.query('UPDATE admin SET email = $1', [EMAIL]);
  });

  test('a first admin of whom nothing is given is made up, and can sign in', async () => {
    const { access } = await start();
    const kept = await database.query<{ id: string; h: string; email: string }>(
      'DELETE FROM admin RETURNING id, password_hash AS h, email',
    );
    const admin = await access.ensureFirstAdmin({ password: '' });
    expect(admin?.email).toBe('admin@solvent.local');
    expect(admin?.password).toMatch(/^[0-9A-Za-z]{20}$/);
    const signedIn = await access.signIn(admin?.email ?? '', admin?.password ?? '', '::1');
    expect(signedIn.status).toBe('signed-in');
    expect(await everythingStored()).not.toContain(admin?.password);
    await database.query('DELETE FROM admin_session');
    await database.query('DELETE FROM admin');
    for (const { id, h, email } of kept) {
      await database.query(
        'INSERT INTO admin (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)',
        [id, email, h, START],
      );
    }
  });

  async function signIn(access: Access) {
    const result = await access.signIn(` ${EMAIL.toUpperCase()} `, PASSWORD, '10.0.0.1');
    if (result.status !== 'signed-in') throw new Error(result.status);
    return result;
  }

  test('a signed-in admin is known by the cookie, has every scope, and left a line in the audit log', async () => {
    const { access } = await start();
    const { cookie, caller, expiresAt } = await signIn(access);
    expect(cookie).toMatch(
      /^solvent_session=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(expiresAt).toEqual(new Date('2026-12-04T10:00:00.000Z'));
    expect(await access.authenticate(withCookie(cookie))).toEqual(caller);
    expect(caller).toMatchObject({ kind: 'ADMIN', namespace: 'api', accountId: null, expiresAt });
    expect(caller.scopes).toEqual(new Set(SCOPES));
    expect(await access.isStillValid(caller)).toBe(true);
    const lines = await auditOf(caller.actor.slice('admin:'.length));
    expect(lines.at(-1)).toMatchObject({
      actor: caller.actor,
      action: 'admin.signed-in',
      detail: { ip: '10.0.0.1' },
    });
    expect(await everythingStored()).not.toContain(cookie.slice(16, 59));
  });

  test('the cookie is for https alone when the server’s address is https', async () => {
    const { access } = await start({ publicUrl: 'https://solvent.example.com' });
    expect((await signIn(access)).cookie).toMatch(/; Secure$/);
    expect(access.signedOutCookie).toBe(
      'solvent_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure',
    );
  });

  test('a cookie from another origin’s page does not count', async () => {
    const { access } = await start();
    const { cookie } = await signIn(access);
    expect(await access.authenticate(withCookie(cookie, false))).toBeNull();
    expect(await access.authenticate(withCookie('solvent_session=wrong', false))).toBeNull();
  });

  test('an Authorization header counts, whatever cookie comes with it', async () => {
    const { access } = await start();
    const { cookie } = await signIn(access);
    const { key, apiKey } = await makeKey(access);
    const both = { ...withCookie(cookie), authorization: `Bearer ${key}` };
    expect((await access.authenticate(both))?.actor).toBe(`key:${apiKey.id}`);
    const wrong = { ...withCookie(cookie), authorization: 'Bearer wrong' };
    expect(await reasonOf(access.authenticate(wrong))).toBe('MALFORMED');
  });

  test('a sign-out ends the session at once in this process, and within cacheMs in others', async () => {
    const here = await start();
    const elsewhere = await start();
    const { cookie, caller } = await signIn(here.access);
    await here.access.authenticate(withCookie(cookie));
    await here.access.isStillValid(caller);
    await elsewhere.access.authenticate(withCookie(cookie));
    expect(await elsewhere.access.isStillValid(caller)).toBe(true);

    await here.access.signOut(withCookie(cookie).cookie);
    expect(await reasonOf(here.access.authenticate(withCookie(cookie)))).toBe('REVOKED');
    expect(await here.access.isStillValid(caller)).toBe(false);
    elsewhere.clock.advance(2000);
    expect(await reasonOf(elsewhere.access.authenticate(withCookie(cookie)))).toBe('REVOKED');
    expect(await elsewhere.access.isStillValid(caller)).toBe(false);

    await here.access.signOut(withCookie(cookie).cookie);
    await here.access.signOut('theme=dark');
    await here.access.signOut(null);
  });

  test('a session ends after fourteen days; the next sign-in clears it away', async () => {
    const { access, clock } = await start();
    const { cookie, caller } = await signIn(access);
    clock.advance(14 * 24 * 3600 * 1000 - 1);
    await access.authenticate(withCookie(cookie));
    clock.advance(1);
    expect(await reasonOf(access.authenticate(withCookie(cookie)))).toBe('EXPIRED');
    expect(await access.isStillValid(caller)).toBe(false);
    await signIn(access);
    expect(await database.query('SELECT id FROM admin_session WHERE id = $1', [caller.sessionId])).toEqual(
      [],
    );
    expect(await access.isStillValid({ ...caller, expiresAt: null, sessionId: undefined })).toBe(false);
  });

  test('a made-up cookie is unknown', async () => {
    const { access } = await start();
    expect(await reasonOf(access.authenticate(withCookie('solvent_session=made-up')))).toBe('UNKNOWN');
    expect(await access.authenticate(withCookie('solvent_session='))).toBeNull();
    expect(await access.authenticate(withCookie('my_solvent_session=x'))).toBeNull();
  });

  test('a wrong password and an unknown e-mail get the same answer in the same time', async () => {
    const { access } = await start();
    const timed = async (email: string, password: string) => {
      const began = performance.now();
      expect(await access.signIn(email, password, '10.0.0.2')).toEqual({ status: 'refused' });
      return performance.now() - began;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      known.push(await timed(EMAIL, 'wrong password'));
      unknown.push(await timed('nobody@example.com', 'wrong password'));
    }
    // The least of several, since the machine may be busy with something else.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 2);
    expect(Math.min(...known)).toBeGreaterThan(Math.min(...unknown) / 2);
  });

  test('endless e-mails and passwords are refused', async () => {
    const { access } = await start();
    expect(await access.signIn('x'.repeat(300), PASSWORD, 'ip')).toEqual({ status: 'refused' });
    expect(await access.signIn(EMAIL, 'x'.repeat(2000), 'ip')).toEqual({ status: 'refused' });
  });

  test('after five wrong tries the waits grow, for that e-mail and address alone; the right password clears', async () => {
    const { access, clock } = await start();
    const tryIt = (password = 'wrong password', ip = '10.0.0.3') => access.signIn(EMAIL, password, ip);
    for (let round = 0; round < 5; round += 1) expect((await tryIt()).status).toBe('refused');
    expect(await tryIt()).toEqual({ status: 'too-many-tries', retryAfterSeconds: 30 });
    // Not even the right one, or waiting would tell nothing.
    expect(await tryIt(PASSWORD)).toEqual({ status: 'too-many-tries', retryAfterSeconds: 30 });
    expect((await tryIt(PASSWORD, '10.0.0.4')).status).toBe('signed-in');

    clock.advance(30_000);
    expect((await tryIt()).status).toBe('refused');
    expect(await tryIt()).toEqual({ status: 'too-many-tries', retryAfterSeconds: 60 });
    clock.advance(60_000);
    expect((await tryIt(PASSWORD)).status).toBe('signed-in');
    expect((await tryIt()).status).toBe('refused');
    expect((await tryIt()).status).toBe('refused');
  });

  test('many tries at once are not all let through', async () => {
    const { access } = await start();
    const results = await Promise.all(
      Array.from({ length: 12 }, () => access.signIn(EMAIL, 'wrong password', '10.0.0.5')),
    );
    expect(results.filter(({ status }) => status === 'refused')).toHaveLength(5);
    expect(results.filter(({ status }) => status === 'too-many-tries')).toHaveLength(7);
  });

  test('a flood of sign-ins from everywhere is turned away before it takes the machine', async () => {
    const { access } = await start();
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => access.signIn(EMAIL, 'wrong password', `10.1.0.${index}`)),
    );
    expect(results).toContainEqual({ status: 'too-many-tries', retryAfterSeconds: 1 });
    expect((await access.signIn(EMAIL, PASSWORD, '10.0.0.6')).status).toBe('signed-in');
  });
});
