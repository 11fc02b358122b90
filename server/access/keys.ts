/** API keys: made, shown once, known again by their hash, revoked. */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { isUuid, newId } from '../ids.ts';
import type { Log } from '../log.ts';
import { AccessError } from './errors.ts';
import { sha256 } from './hash.ts';
import { isWellFormedKey, makeKey, PREFIX_LENGTH } from './key-format.ts';
import { LastUse, type Use } from './last-use.ts';
import { Lookup } from './lookup.ts';
import { type Caller, isScope, SCOPES } from './scopes.ts';
import { CREATE_KEY, KEY_BY_HASH, KEY_BY_ID, REVOKE_KEY, type StoredKey } from './statements.ts';

/** What may be shown of an API key: all but its hash. */
export interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  /** Its first characters, by which people tell keys apart. */
  readonly prefix: string;
  readonly scopes: string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** What came of asking for a key. `key` is there this once and nowhere else. */
export type CreateApiKeyResult =
  | { readonly status: 'created'; readonly key: string; readonly apiKey: ApiKeyRow }
  | { readonly status: 'invalid'; readonly fields: { path: string; message: string }[] };

const LONGEST_NAME = 100;

interface KnownKey {
  readonly caller: Caller;
  readonly revoked: boolean;
  readonly use: Use;
}

const toRow = ({ hash: _, ...row }: StoredKey): ApiKeyRow => row;

/** The API keys of one database. */
export class ApiKeys {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #lastUse: LastUse;
  readonly #byHash: Lookup<KnownKey>;
  readonly #byId: Lookup<{ readonly revoked: boolean }>;

  constructor(database: Database, clock: Clock, log: Log, cacheMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#lastUse = new LastUse(database, clock, log);
    this.#byHash = new Lookup(
      async (hash) => this.#know(await this.#first(KEY_BY_HASH, hash)),
      cacheMs,
      10_000,
    );
    this.#byId = new Lookup(
      async (id) => {
        const key = await this.#first(KEY_BY_ID, id);
        return key && { revoked: key.revokedAt !== null };
      },
      cacheMs,
      10_000,
    );
  }

  /** The caller whose key has this hash, while that is remembered. */
  peek(hash: string): Caller | undefined {
    const now = this.#clock.now().getTime();
    const known = this.#byHash.peek(hash, now);
    return known && this.#admit(known, now);
  }

  /** @throws AccessError */
  async verify(key: string, hash: string): Promise<Caller> {
    if (!isWellFormedKey(key)) {
      throw new AccessError('MALFORMED', 'This is not a whole API key: it is mistyped or cut short.');
    }
    const now = this.#clock.now().getTime();
    const known = await this.#byHash.get(hash, now);
    if (!known) throw new AccessError('UNKNOWN', 'There is no such API key here.');
    return this.#admit(known, now);
  }

  /** Whether the key with this id exists and is not revoked. */
  async isValid(id: string): Promise<boolean> {
    const known = await this.#byId.get(id, this.#clock.now().getTime());
    return known !== null && !known.revoked;
  }

  async create(input: { name: string; scopes: string[] }, actor: string): Promise<CreateApiKeyResult> {
    const name = input.name.trim();
    const fields: { path: string; message: string }[] = [];
    if (name === '' || name.length > LONGEST_NAME) {
      fields.push({ path: 'name', message: `A name has 1 to ${LONGEST_NAME} characters.` });
    }
    const unknown = input.scopes.filter((scope) => !isScope(scope));
    if (input.scopes.length === 0 || unknown.length > 0) {
      const wrong =
        unknown.length > 0
          ? `There is no scope ${unknown
              .slice(0, 3)
              .map((scope) => `"${scope.slice(0, 40)}"`)
              .join(', ')}. `
          : '';
      fields.push({ path: 'scopes', message: `${wrong}Give at least one of ${SCOPES.join(', ')}.` });
    }
    if (fields.length > 0) return { status: 'invalid', fields };

    const key = makeKey();
    const scopes = SCOPES.filter((scope) => input.scopes.includes(scope));
    const [stored] = await this.#database.query<StoredKey>(CREATE_KEY, [
      newId(),
      name,
      key.slice(0, PREFIX_LENGTH),
      sha256(key),
      scopes,
      this.#clock.now().toISOString(),
      newId(),
      actor,
    ]);
    if (!stored) throw new Error('The database answered nothing about a key that it has stored.');
    return { status: 'created', key, apiKey: toRow(stored) };
  }

  async revoke(id: string, actor: string): Promise<ApiKeyRow | null> {
    if (!isUuid(id)) return null;
    const now = this.#clock.now().toISOString();
    const [revoked] = await this.#database.query<StoredKey>(REVOKE_KEY, [id, now, newId(), actor]);
    const stored = revoked ?? (await this.#first(KEY_BY_ID, id));
    if (!stored) return null;
    // Also when another process has revoked it: asked again here, it should hold here at once.
    this.#byHash.forget(stored.hash);
    this.#byId.forget(id);
    return toRow(stored);
  }

  close(): Promise<void> {
    return this.#lastUse.close();
  }

  #admit(known: KnownKey, now: number): Caller {
    if (known.revoked) throw new AccessError('REVOKED', 'This API key has been revoked.');
    this.#lastUse.note(known.use, now);
    return known.caller;
  }

  #know(key: StoredKey | null): KnownKey | null {
    if (key === null) return null;
    const caller: Caller = {
      kind: 'API_KEY',
      actor: `key:${key.id}`,
      // A scope that a newer version has written and this one does not know allows nothing here.
      scopes: new Set(key.scopes.filter(isScope)),
      accountId: null,
      namespace: 'api',
      expiresAt: null,
    };
    return { caller, revoked: key.revokedAt !== null, use: this.#lastUse.of(key.id, key.lastUsedAt) };
  }

  async #first(statement: string, parameter: string): Promise<StoredKey | null> {
    const [row] = await this.#database.query<StoredKey>(statement, [parameter]);
    return row ?? null;
  }
}
