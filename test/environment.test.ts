import { readdirSync, readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { describe, expect, test } from 'vitest';
import { EnvironmentError, readEnvironment, sandboxServes, VARIABLE_NAMES } from '../server/environment.ts';

function linesOf(source: Record<string, string>): readonly string[] {
  try {
    readEnvironment(source);
  } catch (error) {
    if (error instanceof EnvironmentError) {
      expect(error.message).toBe(error.lines.join('\n'));
      return error.lines;
    }
    throw error;
  }
  return [];
}

const CREDENTIAL = 'must be one line of visible ASCII characters without spaces.';
const BASE = 'must be an http or https URL, such as https://gateway.example.com/v1.';
const SIGNING =
  'must be a signing secret as the vendor shows it, whsec_ and at least 32 characters of base64.';
const DATABASE = 'must be a Postgres URL, such as postgres://user:password@host:5432/solvent.';
const REDIS = 'must be a Redis URL, such as redis://host:6379 or rediss://host:6379.';
const SMTP = 'must be an SMTP URL, such as smtp://user:password@host:587 or smtps://host:465.';
const BUCKET = 'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens.';
const PREFIX =
  'must be a folder within the bucket, such as solvent/outputs: letters, digits, dots, underscores and hyphens.';
const ORIGIN = 'must be an http or https origin without a path, such as https://solvent.example.com.';
const HOST = 'must be a host name or an IP address without a port, such as 127.0.0.1 or 0.0.0.0.';
const MARGIN = 'must be a decimal from 0 to below 1, such as 0.20 for a fifth of the revenue.';

/** 24 bytes, the least that Standard Webhooks allows. */
const SIGNING_SECRET = 'whsec_c29sdmVudC1leGFtcGxlLXNlY3JldC0w';

/** Each variable, what it should be, and values that it must not have. */
const WRONG: Record<string, [should: string, ...values: string[]]> = {
  HOST: [HOST, 'localhost:4000', 'http://localhost', '127.0.0.1.5', 'my host'],
  PORT: ['must be a whole number from 0 to 65535.', '65536', '-1', '40.5', 'http', ' 4000', '0x10'],
  PUBLIC_URL: [
    ORIGIN,
    'solvent.example.com',
    'ftp://solvent.example.com',
    'https://solvent.example.com/api',
    'https://user:pass@solvent.example.com',
    'https://solvent.example.com/?',
  ],
  TRUSTED_PROXIES: [
    'must be addresses of proxies or networks of them with commas between, such as 127.0.0.1, 10.0.0.0/8.',
    'nginx',
    '10.0.0.0/33',
    '10.0.0',
    '::1/129',
    '127.0.0.1,',
    'fe80::1%eth0',
    '127.0.0.1/',
  ],
  DATABASE_URL: [DATABASE, 'mysql://localhost/x', 'localhost:5432', 'postgres://'],
  DATABASE_CONNECTIONS: ['must be a whole number from 2 to 1000.', '1', '0', '1001', '2.5', 'ten'],
  DATA_DIR: ['must be the path of a folder.', '  ', 'a\0b'],
  S3_BUCKET: [BUCKET, 'My_Bucket', 'ab', '-abc', 'a/b', 'x'.repeat(64)],
  S3_ENDPOINT: [BASE, 's3.example.com', 'https://s3.example.com/?x=1'],
  S3_REGION: ['must be a region, such as eu-central-1 or auto.', 'EU', 'eu central', '-'],
  S3_ACCESS_KEY_ID: [CREDENTIAL, 'a b'],
  S3_SECRET_ACCESS_KEY: [CREDENTIAL, 'a\n'],
  S3_PREFIX: [PREFIX, '/outputs', 'a//b', 'a b', '../x', 'a/./b', 'ä'],
  S3_FORCE_PATH_STYLE: ['must be one of on, off.', 'true'],
  OUTPUT_RETENTION_DAYS: ['must be a whole number from 1 to 36500.', '0', '-1', '1.5', '30d'],
  REDIS_URL: [
    REDIS,
    'http://localhost:6379',
    'localhost',
    'redis://:50%off@cache:6379',
    'redis://cache:6379/first',
  ],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    'must be an http or https URL, such as http://127.0.0.1:4318.',
    'localhost:4318',
    'grpc://localhost:4317',
  ],
  OTEL_SERVICE_NAME: ['must have at most 100 characters.', 'x'.repeat(101)],
  ROLE: ['must be one of all, web, worker.', 'api', 'ALL'],
  SOLVENT_ADMIN_KEY: ['must have at least 16 characters.', 'fifteen letters'],
  ADMIN_EMAIL: ['must be an e-mail address, such as you@example.com.', 'me', 'me@', '@example.com'],
  ADMIN_PASSWORD: ['must have at least 8 characters.', 'seven77'],
  TOKEN_SECRET: ['must have at least 32 characters.', 'x'.repeat(31)],
  ADMIN_PERSISTED_ONLY: ['must be one of on, off.', 'true'],
  STRIPE_SECRET_KEY: [CREDENTIAL, 'sk_test 1', 'sk_test\n'],
  STRIPE_WEBHOOK_SECRET: [CREDENTIAL, 'whsec_ü'],
  STRIPE_API_BASE: [ORIGIN, 'api.stripe.com', 'https://api.stripe.com/v1'],
  BAR_DISPUTED: ['must be one of on, off.', 'yes'],
  OPENAI_API_KEY: [CREDENTIAL, 'sk-1\n'],
  OPENAI_BASE_URL: [BASE, 'api.openai.com/v1', 'ws://x', 'https://x/v1?a=b', 'https://x /v1'],
  REPLICATE_API_TOKEN: [CREDENTIAL, 'r8 1'],
  REPLICATE_BASE_URL: [BASE, 'replicate'],
  REPLICATE_WEBHOOK_SECRET: [SIGNING, 'whsec_ 1', 'whsec_c2hvcnQ=', SIGNING_SECRET.slice(6)],
  RUNWAYML_API_SECRET: [CREDENTIAL, 'a b'],
  RUNWAYML_BASE_URL: [BASE, 'x'],
  LUMAAI_API_KEY: [CREDENTIAL, 'a b'],
  LUMAAI_BASE_URL: [BASE, 'x'],
  FAL_KEY: [CREDENTIAL, 'a b'],
  FAL_BASE_URL: [BASE, 'x'],
  HF_TOKEN: [CREDENTIAL, 'a b'],
  HF_BASE_URL: [BASE, 'x'],
  ELEVENLABS_API_KEY: [CREDENTIAL, 'a b'],
  ELEVENLABS_BASE_URL: [BASE, 'x'],
  DEEP_IMAGE_API_KEY: [CREDENTIAL, 'a b'],
  DEEP_IMAGE_BASE_URL: [BASE, 'x'],
  CLIPPINGMAGIC_API_ID: [CREDENTIAL, 'a b'],
  CLIPPINGMAGIC_API_SECRET: [CREDENTIAL, 'a b'],
  CLIPPINGMAGIC_BASE_URL: [BASE, 'x'],
  VECTORIZER_API_ID: [CREDENTIAL, 'a b'],
  VECTORIZER_API_SECRET: [CREDENTIAL, 'a b'],
  VECTORIZER_BASE_URL: [BASE, 'x'],
  VECTORIZER_CREDIT_PRICE: [
    'must be what one credit costs in dollars, such as 0.20.',
    'cheap',
    '$0.20',
    '-1',
    '0.1234567',
  ],
  MIDJOURNEY_GATEWAY_URL: [BASE, 'x'],
  MIDJOURNEY_GATEWAY_KEY: [CREDENTIAL, 'a b'],
  MIDJOURNEY_WEBHOOK_SECRET: [SIGNING, 'whsec_ 1', 'secret'],
  SANDBOX: ['must be one of on, off.', 'true', 'ON'],
  SANDBOX_SPEED: ['must be one of plausible, instant.', 'fast'],
  PRICE_LIST: ['must be one of tokens, dtf.', 'other'],
  TIME_ZONE: ['must be an IANA time zone, such as Europe/Berlin.', 'CET+1 h', 'Mars/Olympus'],
  MIN_MARGIN: [MARGIN, '20', '1', '1.5', '-0.1', '0.1234567', '20%', '.'],
  RESULT_CACHE: ['must be one of account, shared, off.', 'on'],
  RESULT_CACHE_HOURS: ['must be a whole number from 1 to 8760.', '0', '8761', 'day'],
  RESULT_CACHE_PRICE_PERCENT: ['must be a whole number from 0 to 100.', '101', '-1', '50%'],
  RATE_LIMIT_PER_MINUTE: ['must be a whole number from 0 to 100000000.', '-1', 'off'],
  MAX_SUBSCRIPTIONS_PER_KEY: ['must be a whole number from 1 to 1000000.', '0'],
  PROVIDER_CONCURRENCY: ['must be a whole number from 1 to 100000.', '0'],
  ALLOW_PRIVATE_URLS: ['must be one of on, off.', 'yes'],
  DRAIN_SECONDS: ['must be a whole number from 0 to 3600.', '3601', '1.5'],
  SMTP_URL: [SMTP, 'https://mail.example.com', 'mail.example.com:25'],
  SMTP_FROM: ['must be an e-mail address, such as alerts@example.com.', 'ops', 'ops@'],
  LOG_LEVEL: ['must be one of debug, info, warn, error, silent.', 'verbose'],
};

/** A whole bucket. */
const S3 = { S3_BUCKET: 'outputs', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' };

/** What a variable means nothing without, so that a test sees one fault alone. */
const PARTNERS: Record<string, Readonly<Record<string, string>>> = {
  CLIPPINGMAGIC_API_ID: { CLIPPINGMAGIC_API_SECRET: 'x' },
  CLIPPINGMAGIC_API_SECRET: { CLIPPINGMAGIC_API_ID: 'x' },
  VECTORIZER_API_ID: { VECTORIZER_API_SECRET: 'x' },
  VECTORIZER_API_SECRET: { VECTORIZER_API_ID: 'x' },
  SMTP_FROM: { SMTP_URL: 'smtp://localhost' },
};

describe('a wrong value gives one line that names the variable and what it should be', () => {
  test('every variable has a wrong value below', () => {
    expect(Object.keys(WRONG).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  test.each(Object.entries(WRONG))('%s', (name, [should, ...values]) => {
    const partners = name.startsWith('S3_') ? S3 : PARTNERS[name];
    for (const value of values) {
      expect(linesOf({ ...partners, [name]: value }), value).toEqual([`${name} ${should}`]);
    }
  });

  test('several wrong values give a line each', () => {
    expect(linesOf({ PORT: 'x', ROLE: 'y', HOST: '127.0.0.1' })).toEqual([
      `PORT ${WRONG.PORT?.[0]}`,
      `ROLE ${WRONG.ROLE?.[0]}`,
    ]);
  });

  test('a role that is a part of the whole needs a database that several processes can share', () => {
    for (const ROLE of ['web', 'worker']) {
      expect(linesOf({ ROLE })).toEqual([
        'ROLE must be all while DATABASE_URL is not set, since the embedded database has one process.',
      ]);
      expect(linesOf({ ROLE, DATABASE_URL: 'postgres://127.0.0.1/solvent' })).toEqual([]);
    }
  });

  test('half a pair names the half that is missing, beside what else is wrong', () => {
    expect(linesOf({ VECTORIZER_API_ID: 'id', PORT: 'x' })).toEqual([
      `PORT ${WRONG.PORT?.[0]}`,
      'VECTORIZER_API_SECRET must be set too, since VECTORIZER_API_ID is.',
    ]);
    expect(linesOf({ CLIPPINGMAGIC_API_SECRET: 'secret' })).toEqual([
      'CLIPPINGMAGIC_API_ID must be set too, since CLIPPINGMAGIC_API_SECRET is.',
    ]);
  });

  test('a bucket without an account, and anything of S3 without a bucket, name what is missing', () => {
    expect(linesOf({ S3_BUCKET: 'outputs' })).toEqual([
      'S3_ACCESS_KEY_ID must be set too, since S3_BUCKET is.',
      'S3_SECRET_ACCESS_KEY must be set too, since S3_BUCKET is.',
    ]);
    for (const [name, value] of [
      ['S3_ENDPOINT', 'https://s3.example.com'],
      ['S3_REGION', 'auto'],
      ['S3_ACCESS_KEY_ID', 'id'],
      ['S3_SECRET_ACCESS_KEY', 'secret'],
      ['S3_PREFIX', 'outputs'],
      ['S3_FORCE_PATH_STYLE', 'on'],
    ] as const) {
      expect(linesOf({ [name]: value })).toEqual([`S3_BUCKET must be set too, since ${name} is.`]);
    }
  });

  test('no value is ever repeated, since it may be a secret in the wrong place', () => {
    const source = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, '\0 hunter2']));
    const lines = linesOf(source);
    expect(lines.length).toBeGreaterThan(40);
    expect(lines.join('\n')).not.toContain('hunter2');
    for (const line of lines) expect(line).toMatch(/^[A-Z0-9_]+ must .+\.$/);
  });
});

test('nothing set gives the documented defaults', () => {
  expect(readEnvironment({ PATH: '/usr/bin' })).toEqual({
    http: { host: '127.0.0.1', port: 4000, publicUrl: undefined, trustedProxies: new BlockList() },
    database: { url: undefined, connections: 10, folder: '.data' },
    s3: undefined,
    outputRetentionDays: undefined,
    redisUrl: undefined,
    role: 'all',
    adminKey: undefined,
    firstAdmin: { email: undefined, password: undefined },
    tokenSecret: undefined,
    adminPersistedOnly: false,
    stripe: { secretKey: undefined, webhookSecrets: [], apiBase: undefined },
    providers: {
      openai: undefined,
      replicate: undefined,
      runway: undefined,
      luma: undefined,
      fal: undefined,
      huggingface: undefined,
      elevenlabs: undefined,
      deepImage: undefined,
      clippingMagic: undefined,
      vectorizer: undefined,
      midjourney: undefined,
    },
    sandbox: undefined,
    sandboxSpeed: 'plausible',
    smtp: undefined,
    tracing: { endpoint: undefined, serviceName: 'solvent' },
    logLevel: 'info',
    priceList: 'tokens',
    timeZone: 'UTC',
    minMargin: 0.2,
    cache: { scope: 'account', hours: 24, pricePercent: 100 },
    limits: { requestsPerMinute: 60_000, subscriptionsPerKey: 100, providerConcurrency: 256 },
    allowPrivateUrls: false,
    barDisputed: true,
    drainSeconds: 30,
  });
});

test('an empty value is the same as none', () => {
  const empty = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, '']));
  expect(readEnvironment(empty)).toEqual(readEnvironment({}));
});

test('what is set is what comes out, URLs without a slash at their end', () => {
  const environment = readEnvironment({
    HOST: '::1',
    PORT: '0',
    PUBLIC_URL: 'https://Solvent.example.com:443/',
    DATABASE_URL: 'postgresql://root@127.0.0.1:5432/test',
    REDIS_URL: 'rediss://cache.example.com',
    SMTP_URL: 'smtps://mail.example.com',
    OPENAI_API_KEY: 'sk-1',
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/',
    REPLICATE_API_TOKEN: 'r8',
    REPLICATE_WEBHOOK_SECRET: SIGNING_SECRET,
    VECTORIZER_API_ID: 'id',
    VECTORIZER_API_SECRET: 'secret',
    VECTORIZER_CREDIT_PRICE: '0.054',
    MIDJOURNEY_GATEWAY_URL: 'https://gateway.example.com/v1/',
    MIDJOURNEY_GATEWAY_KEY: 'key',
    MIDJOURNEY_WEBHOOK_SECRET: SIGNING_SECRET,
    CLIPPINGMAGIC_API_ID: 'id',
    CLIPPINGMAGIC_API_SECRET: 'secret',
    MIN_MARGIN: '0.35',
    RATE_LIMIT_PER_MINUTE: '0',
    ALLOW_PRIVATE_URLS: 'on',
    ROLE: 'worker',
    TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,::1',
  });
  const { trustedProxies, ...http } = environment.http;
  expect(http).toEqual({ host: '::1', port: 0, publicUrl: 'https://solvent.example.com' });
  expect(trustedProxies.check('10.1.2.3') && trustedProxies.check('::1', 'ipv6')).toBe(true);
  expect(trustedProxies.check('127.0.0.2')).toBe(false);
  expect(environment.providers.openai).toEqual({ apiKey: 'sk-1', baseUrl: 'http://127.0.0.1:9/v1' });
  expect(environment.providers.replicate).toEqual({
    apiToken: 'r8',
    baseUrl: undefined,
    webhookSecret: SIGNING_SECRET,
  });
  expect(environment.providers.clippingMagic).toEqual({
    apiId: 'id',
    apiSecret: 'secret',
    baseUrl: undefined,
  });
  expect(environment.providers.vectorizer).toMatchObject({ creditMicros: 54_000n });
  expect(environment.providers.midjourney).toEqual({
    gatewayUrl: 'https://gateway.example.com/v1',
    apiKey: 'key',
    webhookSecret: SIGNING_SECRET,
  });
  expect(environment.minMargin).toBe(0.35);
  expect(environment.limits.requestsPerMinute).toBe(0);
  expect(environment.allowPrivateUrls).toBe(true);
  expect(environment.role).toBe('worker');
});

test("a bucket is Amazon's unless it has an endpoint, whose paths then name the bucket", () => {
  expect(readEnvironment(S3).s3).toEqual({
    bucket: 'outputs',
    endpoint: undefined,
    region: 'us-east-1',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    prefix: '',
    forcePathStyle: false,
  });
  const elsewhere = { ...S3, S3_ENDPOINT: 'http://minio.local:9000/', S3_REGION: 'auto', S3_PREFIX: 'a/b' };
  expect(readEnvironment(elsewhere).s3).toMatchObject({
    endpoint: 'http://minio.local:9000',
    region: 'auto',
    prefix: 'a/b/',
    forcePathStyle: true,
  });
  expect(readEnvironment({ ...elsewhere, S3_FORCE_PATH_STYLE: 'off' }).s3?.forcePathStyle).toBe(false);
  expect(readEnvironment({ ...S3, S3_FORCE_PATH_STYLE: 'on' }).s3?.forcePathStyle).toBe(true);
  expect(readEnvironment({ OUTPUT_RETENTION_DAYS: '90' }).outputRetentionDays).toBe(90);
});

test('a base URL alone configures OpenAI and Replicate with an empty key, and no other vendor', () => {
  const { providers } = readEnvironment({
    OPENAI_BASE_URL: 'http://gateway.local/v1',
    REPLICATE_BASE_URL: 'http://gateway.local/r',
    LUMAAI_BASE_URL: 'http://gateway.local/l',
  });
  expect(providers.openai).toEqual({ apiKey: '', baseUrl: 'http://gateway.local/v1' });
  expect(providers.replicate).toEqual({
    apiToken: '',
    baseUrl: 'http://gateway.local/r',
    webhookSecret: undefined,
  });
  expect(providers.luma).toBeUndefined();
  expect(readEnvironment({ REPLICATE_WEBHOOK_SECRET: SIGNING_SECRET }).providers.replicate).toBeUndefined();
});

test.each([
  ['smtp://ops%40example.com:secret@mail.example.com', 'ops@example.com'],
  ['smtp://ops:secret@mail.example.com', 'solvent@mail.example.com'],
  ['smtp://50%off:secret@mail.example.com', 'solvent@mail.example.com'],
])('e-mail by %s comes from whoever signs in there', (url, from) => {
  expect(readEnvironment({ SMTP_URL: url }).smtp).toEqual({ url, from });
});

test('the sandbox serves only while no vendor is configured, unless SANDBOX says otherwise', () => {
  const serves = (source: Record<string, string>) => sandboxServes(readEnvironment(source));
  expect(serves({})).toBe(true);
  expect(serves({ OPENAI_API_KEY: 'sk-1' })).toBe(false);
  expect(serves({ OPENAI_BASE_URL: 'http://gateway.local' })).toBe(false);
  expect(serves({ FAL_KEY: 'x' })).toBe(false);
  expect(serves({ FAL_BASE_URL: 'http://gateway.local' })).toBe(true);
  expect(serves({ OPENAI_API_KEY: 'sk-1', SANDBOX: 'on' })).toBe(true);
  expect(serves({ SANDBOX: 'off' })).toBe(false);
});

describe('.env.example', () => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');

  test('names exactly the variables that are read, each once', () => {
    const names = [...example.matchAll(/^# ([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect([...names].sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  test('names the addresses that vendors are called at when none is set', () => {
    const folder = new URL('../server/providers/', import.meta.url);
    const called = readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(new URL(name, folder), 'utf8').matchAll(/^const BASE_URL = '(.+)';$/gm),
      ])
      .map((match) => match[1]);
    const named = [...example.matchAll(/^# \w+_BASE_URL=(.+)$/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual(called.sort());
  });

  test('sets nothing as it stands', () => {
    for (const line of example.split('\n')) expect(line).toMatch(/^(#.*)?$/);
  });

  test('holds values that pass, and defaults that are the defaults', () => {
    const source = Object.fromEntries(
      [...example.matchAll(/^# ([A-Z][A-Z0-9_]+)=(.*)$/gm)].map((match) => [match[1], match[2]]),
    );
    const environment = readEnvironment(source);
    const defaults = readEnvironment({});
    expect(environment.limits).toEqual(defaults.limits);
    expect(environment.http.port).toBe(defaults.http.port);
    expect(environment.http.host).toBe(defaults.http.host);
    expect(environment.database.folder).toBe(defaults.database.folder);
    for (const name of [
      'role',
      'sandboxSpeed',
      'priceList',
      'timeZone',
      'minMargin',
      'allowPrivateUrls',
      'drainSeconds',
      'logLevel',
      's3',
      'outputRetentionDays',
    ] as const) {
      expect(environment[name], name).toBe(defaults[name]);
    }
  });
});
