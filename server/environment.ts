/**
 * The only reader of `process.env`. Each variable is optional; a wrong value stops the start with one line that
 * names the variable and what it should be, and never repeats the value: it may be a secret, or a secret that
 * was put into the wrong variable.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { parseDecimal } from './money.ts';
import type { KeyedVendor, PairedVendor, VendorSettings } from './providers/index.ts';
import { isTimeZone } from './time-zone.ts';

/** A bucket that speaks as Amazon S3 does. */
export interface Bucket {
  readonly bucket: string;
  /** Without a slash at its end; undefined: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Put before every key: empty, or with a slash at its end. */
  readonly prefix: string;
  /** True names the bucket in the path and not in the host. */
  readonly forcePathStyle: boolean;
}

/** All that Solvent is told from outside, checked and with every default filled in. */
export interface Environment {
  readonly http: {
    readonly host: string;
    /** 0 takes any free port. */
    readonly port: number;
    /** `https://solvent.example.com`; undefined: whatever address the server turns out to listen on. */
    readonly publicUrl: string | undefined;
    /** Whose word on a client's address counts. */
    readonly trustedProxies: BlockList;
  };
  readonly database: {
    /** A Postgres; undefined: embedded, in {@link folder}. */
    readonly url: string | undefined;
    /** Of each of the two pools that a process has. */
    readonly connections: number;
    /** Where the embedded database and, without a bucket, the stored files are. */
    readonly folder: string;
  };
  /** The S3-compatible bucket for outputs; undefined: they lie in the folder. */
  readonly s3: Bucket | undefined;
  /** How many days an output is kept after its generation ended; undefined: for ever. */
  readonly outputRetentionDays: number | undefined;
  /** By which processes tell each other of changes; undefined: Postgres's own NOTIFY, for what happens seldom. */
  readonly redisUrl: string | undefined;
  readonly role: 'all' | 'web' | 'worker';
  /** An API key with every scope that exists while it is set. */
  readonly adminKey: string | undefined;
  /** Who may sign in first; what is undefined is made up at the first start. */
  readonly firstAdmin: { readonly email: string | undefined; readonly password: string | undefined };
  /** Signs account tokens; undefined: made once and kept in the database. */
  readonly tokenSecret: string | undefined;
  /** Whether an admin's session may send the admin's own documents only. */
  readonly adminPersistedOnly: boolean;
  readonly stripe: {
    readonly secretKey: string | undefined;
    /** Several while one is being replaced. */
    readonly webhookSecrets: readonly string[];
    readonly apiBase: string | undefined;
  };
  readonly providers: VendorSettings;
  /** Undefined: see {@link sandboxServes}. */
  readonly sandbox: 'on' | 'off' | undefined;
  readonly sandboxSpeed: 'plausible' | 'instant';
  /** The server by which e-mail is sent, and the address it comes from; undefined: none is sent. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  readonly tracing: {
    /** The OTLP collector to which spans are sent over HTTP, without `/v1/traces`; undefined: nothing is traced. */
    readonly endpoint: string | undefined;
    readonly serviceName: string;
  };
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly priceList: 'tokens' | 'dtf';
  /** The operator's own IANA time zone: reports are cut into its hours and days. */
  readonly timeZone: string;
  /** The part of the revenue that should be left after cost: 0.2 is a fifth. A ratio, not money. */
  readonly minMargin: number;
  readonly cache: {
    /** Whose results are served to whom. */
    readonly scope: 'account' | 'shared' | 'off';
    readonly hours: number;
    /** Of the quoted credits, in percent. */
    readonly pricePercent: number;
  };
  readonly limits: {
    /** Calls a minute of one key; 0: as many as it likes. */
    readonly requestsPerMinute: number;
    readonly subscriptionsPerKey: number;
    /** Calls under way to one provider, in one process. */
    readonly providerConcurrency: number;
  };
  /** True lets customers name URLs that lead into the operator's own network. */
  readonly allowPrivateUrls: boolean;
  /** Whether an account with an open or lost dispute may make no paid calls. */
  readonly barDisputed: boolean;
  /** How long a stopping server waits for what is under way. */
  readonly drainSeconds: number;
}

/** Wrong variables, a line each. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  /** One sentence for each wrong variable. */
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

const DATABASE_SHOULD = 'must be a Postgres URL, such as postgres://user:password@host:5432/solvent';
const REDIS_SHOULD = 'must be a Redis URL, such as redis://host:6379 or rediss://host:6379';
const SMTP_SHOULD = 'must be an SMTP URL, such as smtp://user:password@host:587 or smtps://host:465';
const ORIGIN_SHOULD = 'must be an http or https origin without a path, such as https://solvent.example.com';
const PROXIES_SHOULD =
  'must be addresses of proxies or networks of them with commas between, such as 127.0.0.1, 10.0.0.0/8';
const BUCKET_SHOULD = 'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens';
const REGION_SHOULD = 'must be a region, such as eu-central-1 or auto';
const PREFIX_SHOULD =
  'must be a folder within the bucket, such as solvent/outputs: letters, digits, dots, underscores and hyphens';
const OTLP_SHOULD = 'must be an http or https URL, such as http://127.0.0.1:4318';
const BASE_SHOULD = 'must be an http or https URL, such as https://gateway.example.com/v1';

/** A text that passes a test; the sentence goes on after the variable's name. */
const text = (should: string, test: (value: string) => boolean) =>
  z.string().refine(test, { error: should }).optional();

const choice = <const Choices extends readonly [string, ...string[]]>(...choices: Choices) =>
  z.enum(choices, { error: `must be one of ${choices.join(', ')}` }).optional();

const whole = (least: number, most: number) =>
  z
    .string()
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most, {
      error: `must be a whole number from ${least} to ${most}`,
    })
    .transform(Number)
    .optional();

function parseUrl(value: string, protocols: readonly string[]): URL | undefined {
  // The platform's parser forgives spaces and line ends, which are a sign of a value that was pasted badly.
  if (/\s/.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return protocols.includes(url.protocol) && url.hostname !== '' ? url : undefined;
}

/** A text of a URL as it was meant; null where a % stands that should be %25. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What its client takes: it would say no more of another than "URI malformed". */
function isRedisUrl(value: string): boolean {
  const parsed = parseUrl(value, ['redis:', 'rediss:']);
  return (
    parsed !== undefined &&
    decoded(parsed.username + parsed.password) !== null &&
    /^\/?\d*$/.test(parsed.pathname)
  );
}

const url = (should: string, ...protocols: string[]) =>
  text(should, (value) => parseUrl(value, protocols) !== undefined);

const baseUrl = () =>
  z
    .string()
    .refine(
      (value) => {
        const parsed = parseUrl(value, ['http:', 'https:']);
        return parsed !== undefined && parsed.search === '' && parsed.hash === '';
      },
      { error: BASE_SHOULD },
    )
    .transform((value) => value.replace(/\/+$/, ''))
    .optional();

/** Addresses and networks with commas between; undefined when one of them is none. */
function parseNetworks(value: string): BlockList | undefined {
  const found = new BlockList();
  for (const part of value.split(',')) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part.trim()) ?? [];
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    const most = family === 'ipv4' ? 32 : 128;
    const length = Number(bits ?? most);
    if (isIP(address) === 0 || address.includes('%') || length > most) return undefined;
    found.addSubnet(address, length, family);
  }
  return found;
}

const networks = () =>
  z
    .string()
    .transform((value, context) => {
      const found = parseNetworks(value);
      if (!found) context.addIssue({ code: 'custom', message: PROXIES_SHOULD });
      return found;
    })
    .optional();

const origin = () =>
  z
    .string()
    .refine(
      (value) => {
        const parsed = parseUrl(value, ['http:', 'https:']);
        return parsed !== undefined && parsed.href === `${parsed.origin}/` && !/[?#]/.test(value);
      },
      { error: ORIGIN_SHOULD },
    )
    .transform((value) => new URL(value).origin)
    .optional();

/** A vendor's credential travels in a header, where a space or a line end would break the call or cut it off. */
const credential = () =>
  text('must be one line of visible ASCII characters without spaces', (value) => /^[!-~]+$/.test(value));

/** As Standard Webhooks writes a secret: the key in base64, of at least 24 bytes. */
const webhookSecret = () =>
  text(
    'must be a signing secret as the vendor shows it, whsec_ and at least 32 characters of base64',
    (value) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value),
  );

const host = () =>
  text(
    'must be a host name or an IP address without a port, such as 127.0.0.1 or 0.0.0.0',
    (value) =>
      isIP(value) !== 0 || (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value) && !/^[\d.]+$/.test(value)),
  );

const atLeast = (least: number) =>
  text(`must have at least ${least} characters`, (value) => value.length >= least);

/** Every variable by its name. `.env.example` names the same ones; a test holds the two together. */
const variables = z.object({
  HOST: host(),
  PORT: whole(0, 65_535),
  PUBLIC_URL: origin(),
  TRUSTED_PROXIES: networks(),
  DATABASE_URL: url(DATABASE_SHOULD, 'postgres:', 'postgresql:'),
  DATABASE_CONNECTIONS: whole(2, 1_000),
  DATA_DIR: text('must be the path of a folder', (value) => value.trim() !== '' && !value.includes('\0')),
  S3_BUCKET: text(BUCKET_SHOULD, (value) => /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value)),
  S3_ENDPOINT: baseUrl(),
  S3_REGION: text(REGION_SHOULD, (value) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(value)),
  S3_ACCESS_KEY_ID: credential(),
  S3_SECRET_ACCESS_KEY: credential(),
  S3_PREFIX: z
    .string()
    .refine((value) => /^[\w.-]+(\/[\w.-]+)*\/?$/.test(value) && !/(^|\/)\.{1,2}(\/|$)/.test(value), {
      error: PREFIX_SHOULD,
    })
    .transform((value) => value.replace(/\/?$/, '/'))
    .optional(),
  S3_FORCE_PATH_STYLE: choice('on', 'off'),
  OUTPUT_RETENTION_DAYS: whole(1, 36_500),
  REDIS_URL: text(REDIS_SHOULD, isRedisUrl),
  ROLE: choice('all', 'web', 'worker'),
  SOLVENT_ADMIN_KEY: atLeast(16),
  ADMIN_EMAIL: z.email({ error: 'must be an e-mail address, such as you@example.com' }).optional(),
  ADMIN_PASSWORD: atLeast(8),
  TOKEN_SECRET: atLeast(32),
  ADMIN_PERSISTED_ONLY: choice('on', 'off'),
  STRIPE_SECRET_KEY: credential(),
  STRIPE_WEBHOOK_SECRET: credential(),
  STRIPE_API_BASE: origin(),
  BAR_DISPUTED: choice('on', 'off'),
  OPENAI_API_KEY: credential(),
  OPENAI_BASE_URL: baseUrl(),
  REPLICATE_API_TOKEN: credential(),
  REPLICATE_BASE_URL: baseUrl(),
  REPLICATE_WEBHOOK_SECRET: webhookSecret(),
  RUNWAYML_API_SECRET: credential(),
  RUNWAYML_BASE_URL: baseUrl(),
  LUMAAI_API_KEY: credential(),
  LUMAAI_BASE_URL: baseUrl(),
  FAL_KEY: credential(),
  FAL_BASE_URL: baseUrl(),
  HF_TOKEN: credential(),
  HF_BASE_URL: baseUrl(),
  ELEVENLABS_API_KEY: credential(),
  ELEVENLABS_BASE_URL: baseUrl(),
  DEEP_IMAGE_API_KEY: credential(),
  DEEP_IMAGE_BASE_URL: baseUrl(),
  CLIPPINGMAGIC_API_ID: credential(),
  CLIPPINGMAGIC_API_SECRET: credential(),
  CLIPPINGMAGIC_BASE_URL: baseUrl(),
  VECTORIZER_API_ID: credential(),
  VECTORIZER_API_SECRET: credential(),
  VECTORIZER_BASE_URL: baseUrl(),
  VECTORIZER_CREDIT_PRICE: text('must be what one credit costs in dollars, such as 0.20', (value) =>
    /^\d{1,3}(\.\d{1,6})?$/.test(value),
  ),
  MIDJOURNEY_GATEWAY_URL: baseUrl(),
  MIDJOURNEY_GATEWAY_KEY: credential(),
  MIDJOURNEY_WEBHOOK_SECRET: webhookSecret(),
  SANDBOX: choice('on', 'off'),
  SANDBOX_SPEED: choice('plausible', 'instant'),
  PRICE_LIST: choice('tokens', 'dtf'),
  TIME_ZONE: text('must be an IANA time zone, such as Europe/Berlin', isTimeZone),
  MIN_MARGIN: z
    .string()
    .refine((value) => /^0?\.\d{1,6}$|^0$/.test(value), {
      error: 'must be a decimal from 0 to below 1, such as 0.20 for a fifth of the revenue',
    })
    .transform(Number)
    .optional(),
  RESULT_CACHE: choice('account', 'shared', 'off'),
  RESULT_CACHE_HOURS: whole(1, 8_760),
  RESULT_CACHE_PRICE_PERCENT: whole(0, 100),
  RATE_LIMIT_PER_MINUTE: whole(0, 100_000_000),
  MAX_SUBSCRIPTIONS_PER_KEY: whole(1, 1_000_000),
  PROVIDER_CONCURRENCY: whole(1, 100_000),
  ALLOW_PRIVATE_URLS: choice('on', 'off'),
  DRAIN_SECONDS: whole(0, 3_600),
  SMTP_URL: url(SMTP_SHOULD, 'smtp:', 'smtps:'),
  SMTP_FROM: z.email({ error: 'must be an e-mail address, such as alerts@example.com' }).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(OTLP_SHOULD, 'http:', 'https:'),
  OTEL_SERVICE_NAME: z.string().max(100, { error: 'must have at most 100 characters' }).optional(),
  LOG_LEVEL: choice('debug', 'info', 'warn', 'error', 'silent'),
});

/** The name of every variable that Solvent reads. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(variables.shape);

/** Two variables of which neither means anything alone. */
const PAIRS = [
  ['CLIPPINGMAGIC_API_ID', 'CLIPPINGMAGIC_API_SECRET'],
  ['VECTORIZER_API_ID', 'VECTORIZER_API_SECRET'],
] as const;

/** What each variable means nothing without: an account for the bucket, the bucket for all the rest of it, a server for e-mail. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  S3_BUCKET: ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
  S3_ENDPOINT: ['S3_BUCKET'],
  S3_REGION: ['S3_BUCKET'],
  S3_ACCESS_KEY_ID: ['S3_BUCKET'],
  S3_SECRET_ACCESS_KEY: ['S3_BUCKET'],
  S3_PREFIX: ['S3_BUCKET'],
  S3_FORCE_PATH_STYLE: ['S3_BUCKET'],
  SMTP_FROM: ['SMTP_URL'],
};

/** Whom e-mail comes from when nobody has said it: who signs in at its server, or `solvent` there. */
function senderOf(smtpUrl: string): string {
  const { username, hostname } = new URL(smtpUrl);
  // A % that is none of an escape is taken for itself, as by what sends.
  const user = decoded(username) ?? username;
  return user.includes('@') ? user : `solvent@${hostname}`;
}

const keyed = (apiKey: string | undefined, baseUrl: string | undefined): KeyedVendor | undefined =>
  apiKey === undefined ? undefined : { apiKey, baseUrl };

const paired = (
  apiId: string | undefined,
  apiSecret: string | undefined,
  baseUrl: string | undefined,
): PairedVendor | undefined =>
  apiId === undefined || apiSecret === undefined ? undefined : { apiId, apiSecret, baseUrl };

/**
 * Reads and checks the environment. A variable that is unset and one that is empty are the same.
 *
 * @param source `process.env`, or a test's own.
 * @throws EnvironmentError with a line for each wrong variable.
 */
export function readEnvironment(source: Readonly<Record<string, string | undefined>>): Environment {
  const given: Record<string, string> = {};
  for (const name of VARIABLE_NAMES) {
    const value = source[name];
    if (value !== undefined && value !== '') given[name] = value;
  }

  const result = variables.safeParse(given);
  const lines = new Map<string, string>();
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!lines.has(name)) lines.set(name, `${name} ${issue.message}.`);
  }
  for (const pair of PAIRS) {
    for (const [name, other] of [pair, [pair[1], pair[0]] as const]) {
      if (given[name] === undefined && given[other] !== undefined) {
        lines.set(name, `${name} must be set too, since ${other} is.`);
      }
    }
  }
  for (const [name, needed] of Object.entries(NEEDS)) {
    if (given[name] === undefined) continue;
    for (const other of needed) {
      if (given[other] === undefined && !lines.has(other)) {
        lines.set(other, `${other} must be set too, since ${name} is.`);
      }
    }
  }
  if (given.DATABASE_URL === undefined && (given.ROLE === 'web' || given.ROLE === 'worker')) {
    lines.set(
      'ROLE',
      'ROLE must be all while DATABASE_URL is not set, since the embedded database has one process.',
    );
  }
  if (!result.success || lines.size > 0) throw new EnvironmentError([...lines.values()]);

  const v = result.data;
  const vectorizer = paired(v.VECTORIZER_API_ID, v.VECTORIZER_API_SECRET, v.VECTORIZER_BASE_URL);
  return {
    http: {
      host: v.HOST ?? '127.0.0.1',
      port: v.PORT ?? 4000,
      publicUrl: v.PUBLIC_URL,
      trustedProxies: v.TRUSTED_PROXIES ?? new BlockList(),
    },
    database: {
      url: v.DATABASE_URL,
      connections: v.DATABASE_CONNECTIONS ?? 10,
      folder: v.DATA_DIR ?? '.data',
    },
    s3:
      v.S3_BUCKET === undefined || v.S3_ACCESS_KEY_ID === undefined || v.S3_SECRET_ACCESS_KEY === undefined
        ? undefined
        : {
            bucket: v.S3_BUCKET,
            endpoint: v.S3_ENDPOINT,
            region: v.S3_REGION ?? 'us-east-1',
            accessKeyId: v.S3_ACCESS_KEY_ID,
            secretAccessKey: v.S3_SECRET_ACCESS_KEY,
            prefix: v.S3_PREFIX ?? '',
            // Amazon names the bucket in the host; others cannot always do so, and all take it in the path.
            forcePathStyle: (v.S3_FORCE_PATH_STYLE ?? (v.S3_ENDPOINT === undefined ? 'off' : 'on')) === 'on',
          },
    outputRetentionDays: v.OUTPUT_RETENTION_DAYS,
    redisUrl: v.REDIS_URL,
    role: v.ROLE ?? 'all',
    adminKey: v.SOLVENT_ADMIN_KEY,
    firstAdmin: { email: v.ADMIN_EMAIL, password: v.ADMIN_PASSWORD },
    tokenSecret: v.TOKEN_SECRET,
    adminPersistedOnly: v.ADMIN_PERSISTED_ONLY === 'on',
    stripe: {
      secretKey: v.STRIPE_SECRET_KEY,
      webhookSecrets: (v.STRIPE_WEBHOOK_SECRET ?? '').split(',').filter((secret) => secret !== ''),
      apiBase: v.STRIPE_API_BASE,
    },
    providers: {
      openai: keyed(v.OPENAI_API_KEY ?? (v.OPENAI_BASE_URL && ''), v.OPENAI_BASE_URL),
      replicate:
        v.REPLICATE_API_TOKEN === undefined && v.REPLICATE_BASE_URL === undefined
          ? undefined
          : {
              apiToken: v.REPLICATE_API_TOKEN ?? '',
              baseUrl: v.REPLICATE_BASE_URL,
              webhookSecret: v.REPLICATE_WEBHOOK_SECRET,
            },
      runway: keyed(v.RUNWAYML_API_SECRET, v.RUNWAYML_BASE_URL),
      luma: keyed(v.LUMAAI_API_KEY, v.LUMAAI_BASE_URL),
      fal: keyed(v.FAL_KEY, v.FAL_BASE_URL),
      huggingface: keyed(v.HF_TOKEN, v.HF_BASE_URL),
      elevenlabs: keyed(v.ELEVENLABS_API_KEY, v.ELEVENLABS_BASE_URL),
      deepImage: keyed(v.DEEP_IMAGE_API_KEY, v.DEEP_IMAGE_BASE_URL),
      clippingMagic: paired(v.CLIPPINGMAGIC_API_ID, v.CLIPPINGMAGIC_API_SECRET, v.CLIPPINGMAGIC_BASE_URL),
      vectorizer: vectorizer && {
        ...vectorizer,
        creditMicros: parseDecimal(v.VECTORIZER_CREDIT_PRICE ?? '0.20'),
      },
      midjourney:
        v.MIDJOURNEY_GATEWAY_URL === undefined
          ? undefined
          : {
              gatewayUrl: v.MIDJOURNEY_GATEWAY_URL,
              apiKey: v.MIDJOURNEY_GATEWAY_KEY,
              webhookSecret: v.MIDJOURNEY_WEBHOOK_SECRET,
            },
    },
    sandbox: v.SANDBOX,
    sandboxSpeed: v.SANDBOX_SPEED ?? 'plausible',
    smtp:
      v.SMTP_URL === undefined ? undefined : { url: v.SMTP_URL, from: v.SMTP_FROM ?? senderOf(v.SMTP_URL) },
    tracing: { endpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT, serviceName: v.OTEL_SERVICE_NAME ?? 'solvent' },
    logLevel: v.LOG_LEVEL ?? 'info',
    priceList: v.PRICE_LIST ?? 'tokens',
    timeZone: v.TIME_ZONE ?? 'UTC',
    minMargin: v.MIN_MARGIN ?? 0.2,
    cache: {
      scope: v.RESULT_CACHE ?? 'account',
      hours: v.RESULT_CACHE_HOURS ?? 24,
      pricePercent: v.RESULT_CACHE_PRICE_PERCENT ?? 100,
    },
    limits: {
      requestsPerMinute: v.RATE_LIMIT_PER_MINUTE ?? 60_000,
      subscriptionsPerKey: v.MAX_SUBSCRIPTIONS_PER_KEY ?? 100,
      providerConcurrency: v.PROVIDER_CONCURRENCY ?? 256,
    },
    allowPrivateUrls: v.ALLOW_PRIVATE_URLS === 'on',
    barDisputed: v.BAR_DISPUTED !== 'off',
    drainSeconds: v.DRAIN_SECONDS ?? 30,
  };
}

/**
 * Whether the sandbox makes what customers ask for: as `SANDBOX` says, else only while no vendor is configured.
 * A vendor without an adapter counts too: who has given a real key does not want made-up pictures sold.
 */
export function sandboxServes(environment: Pick<Environment, 'sandbox' | 'providers'>): boolean {
  if (environment.sandbox !== undefined) return environment.sandbox === 'on';
  return Object.values(environment.providers).every((vendor) => vendor === undefined);
}
