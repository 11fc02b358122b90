import { parseArgs } from 'node:util';
import { type Access, createAccess, SCOPES } from '../access/index.ts';
import { systemClock } from '../clock.ts';
import { silentLog } from '../log.ts';
import { ACTOR, type Command, type Context, FAILED, OK, UsageError } from './command.ts';

async function withAccess(context: Context, work: (access: Access) => Promise<number>): Promise<number> {
  const access = await createAccess({
    database: context.database,
    clock: systemClock,
    log: silentLog,
    // Not needed here, and so not made and kept in the database by a mere command.
    tokenSecret: context.environment.tokenSecret ?? 'a command line signs no tokens of accounts',
  });
  try {
    return await work(access);
  } finally {
    await access.close();
  }
}

function parseCreate(args: readonly string[]): (context: Context) => Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { name: { type: 'string' }, scopes: { type: 'string' } },
    allowPositionals: false,
    strict: true,
  });
  const { name, scopes } = values;
  if (name === undefined || scopes === undefined) {
    throw new UsageError(
      `keys create needs --name and --scopes, such as --name "my server" --scopes ${SCOPES.slice(0, 2).join(',')}.`,
    );
  }
  const wanted = scopes
    .split(',')
    .map((scope) => scope.trim())
    .filter(Boolean);
  return (context) =>
    withAccess(context, async (access) => {
      const created = await access.createApiKey({ name, scopes: wanted }, ACTOR);
      if (created.status === 'invalid') {
        throw new UsageError(created.fields.map((field) => `--${field.path}: ${field.message}`).join(' '));
      }
      const { apiKey, key } = created;
      context.terminal.print(key);
      context.terminal.complain(
        `Made the key ${apiKey.id} (${apiKey.name}: ${apiKey.scopes.join(', ')}). It is shown this once: keep it now.`,
      );
      return OK;
    });
}

function parseList(args: readonly string[]): (context: Context) => Promise<number> {
  parseArgs({ args: [...args], options: {}, allowPositionals: false, strict: true });
  return async ({ database, terminal }) => {
    const keys = await database.prisma.apiKey.findMany({
      omit: { hash: true },
      orderBy: { createdAt: 'asc' },
    });
    for (const key of keys) {
      const used = key.lastUsedAt ? `last used ${key.lastUsedAt.toISOString()}` : 'never used';
      const state = key.revokedAt ? `revoked ${key.revokedAt.toISOString()}` : used;
      terminal.print([key.id, `${key.prefix}…`, key.name, key.scopes.join(','), state].join('\t'));
    }
    if (keys.length === 0) terminal.complain('There are no keys yet: make one with keys create.');
    return OK;
  };
}

function parseRevoke(args: readonly string[]): (context: Context) => Promise<number> {
  const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true, strict: true });
  const [id, ...rest] = positionals;
  if (id === undefined || rest.length > 0) {
    throw new UsageError('keys revoke needs the id of one key; keys list shows them.');
  }
  return (context) =>
    withAccess(context, async (access) => {
      const key = await access.revokeApiKey(id, ACTOR);
      if (!key) {
        context.terminal.complain(`There is no key ${id}; keys list shows those that there are.`);
        return FAILED;
      }
      context.terminal.print(`The key ${key.id} (${key.name}) is revoked.`);
      return OK;
    });
}

const ACTIONS: Readonly<Record<string, (args: readonly string[]) => (context: Context) => Promise<number>>> =
  {
    create: parseCreate,
    list: parseList,
    revoke: parseRevoke,
  };

/** `solvent keys …`: API keys for the client apps' servers. */
export const keys: Command = {
  usage: [
    {
      call: 'keys create --name NAME --scopes A,B',
      does: `Make an API key and show it once. Scopes: ${SCOPES.join(', ')}.`,
    },
    { call: 'keys list', does: 'Show the keys that there are, without what is secret of them.' },
    { call: 'keys revoke ID', does: 'End a key for good.' },
  ],
  parse([action, ...args]) {
    const parse = action === undefined || !Object.hasOwn(ACTIONS, action) ? undefined : ACTIONS[action];
    if (!parse) {
      const asked = action === undefined ? 'keys needs an action' : `There is no action "${action}" of keys`;
      throw new UsageError(`${asked}: say keys create, keys list or keys revoke.`);
    }
    return parse(args);
  },
};
