import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../server/cli/run.ts';
import { openDatabase } from '../../server/database/index.ts';
import { describeOnPostgres, pgliteTemplate } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

/** Runs a command in this process. Gives what it printed, what it complained of and its exit code. */
async function run(args: readonly string[], variables: Record<string, string>) {
  const printed: string[] = [];
  const complained: string[] = [];
  const code = await runCommand(args, variables, {
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
  });
  return { code, printed, complained };
}

describe('the command line', () => {
  const root = mkdtempSync(join(tmpdir(), 'solvent-cli-'));
  const folder = join(root, 'data');
  const here = { DATA_DIR: folder };
  beforeAll(async () => {
    const database = await openDatabase({ folder, template: await pgliteTemplate() });
    await database.close();
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('shows every command, when asked and when told nothing', async () => {
    const { code, printed } = await run(['help'], {});
    expect(code).toBe(0);
    for (const call of [
      'audit',
      'keys create --name NAME --scopes A,B',
      'keys list',
      'keys revoke ID',
      'help',
    ]) {
      expect(printed.some((line) => line.startsWith(`  ${call} `))).toBe(true);
    }
    expect(await run([], {})).toEqual({ code, printed, complained: [] });
    expect((await run(['--help'], {})).printed).toEqual(printed);
  });

  it('answers what it does not understand with one line and exit code 2, and opens no database for it', async () => {
    const nowhere = { DATA_DIR: join(root, 'nowhere') };
    const wrong: readonly (readonly [string, string])[] = [
      ['frobnicate', 'There is no command "frobnicate"; help shows those that there are.'],
      ['toString', 'There is no command "toString"; help shows those that there are.'],
      ['audit --fast', "Unknown option '--fast'."],
      ['audit now', "Unexpected argument 'now'."],
      ['keys', 'keys needs an action: say keys create, keys list or keys revoke.'],
      ['keys burn', 'There is no action "burn" of keys: say keys create, keys list or keys revoke.'],
      [
        'keys create --name x',
        'keys create needs --name and --scopes, such as --name "my server" --scopes generate,accounts:write.',
      ],
      ['keys create --name', "Option '--name <value>' argument missing."],
      ['keys list all', "Unexpected argument 'all'."],
      ['keys revoke', 'keys revoke needs the id of one key; keys list shows them.'],
      ['keys revoke a b', 'keys revoke needs the id of one key; keys list shows them.'],
    ];
    for (const [line, answer] of wrong) {
      expect({ line, ...(await run(line.split(' '), nowhere)) }).toEqual({
        line,
        code: 2,
        printed: [],
        complained: [answer],
      });
    }
    expect(readdirSync(root)).toEqual(['data']);
  });

  it('says what is wrong with the environment, a line each, with exit code 2', async () => {
    const { code, complained } = await run(['audit'], { PORT: 'x', DATABASE_URL: 'mysql://x' });
    expect(code).toBe(2);
    expect(complained).toHaveLength(2);
    expect(complained.join('\n')).toMatch(/PORT[\s\S]*|DATABASE_URL[\s\S]*/);
  });

  it('makes no database where there is none: an empty one would pass any audit', async () => {
    const empty = join(root, 'empty');
    const { code, complained } = await run(['audit'], { DATA_DIR: empty });
    expect(code).toBe(2);
    expect(complained).toEqual([expect.stringContaining(`There is no database in the folder ${empty} yet`)]);
    expect(readdirSync(root)).toEqual(['data']);
  });

  it('says clearly that the server has the embedded database, with exit code 2 and no stack trace', async () => {
    const lock = join(folder, 'lock');
    writeFileSync(lock, `${process.ppid}\n`);
    try {
      const script = join(import.meta.dirname, '../../server/cli/main.ts');
      const failure: unknown = await promisify(execFile)(process.execPath, [script, 'audit'], {
        env: { PATH: process.env.PATH, ...here },
      }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 2, stdout: '' });
      const { stderr } = failure as { stderr: string };
      expect(stderr).toMatch(/in use by process \d+\. Stop that one, .*\n$/);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    } finally {
      rmSync(lock);
    }
  });

  it('says that a Postgres does not answer, with exit code 2', async () => {
    const { code, complained } = await run(['audit'], {
      DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none',
    });
    expect(code).toBe(2);
    expect(complained).toHaveLength(1);
    expect(complained[0]).toContain('The database cannot be opened.');
    expect(complained[0]).not.toContain('secret');
  });

  it('makes a key, shows it once, lists it without its secret and revokes it', async () => {
    const made = await run(
      ['keys', 'create', '--name', 'my server', '--scopes', 'generate, accounts:write'],
      here,
    );
    expect(made).toMatchObject({ code: 0, printed: [expect.stringMatching(/^slv_\w{40,}$/)] });
    const key = made.printed[0] ?? '';
    const listed = await run(['keys', 'list'], here);
    const [id = '', prefix = '', name, scopes, state] = listed.printed[0]?.split('\t') ?? [];
    expect([name, scopes, state]).toEqual(['my server', 'generate,accounts:write', 'never used']);
    expect(key.startsWith(prefix.replace('…', ''))).toBe(true);
    expect(listed.printed.join()).not.toContain(key);

    expect(await run(['keys', 'revoke', id], here)).toMatchObject({
      code: 0,
      printed: [`The key ${id} (my server) is revoked.`],
    });
    expect((await run(['keys', 'list'], here)).printed[0]).toMatch(/\trevoked \d{4}-/);
    expect(await run(['keys', 'revoke', 'no-such-id'], here)).toMatchObject({ code: 1, printed: [] });
    const refused = await run(['keys', 'create', '--name', 'x', '--scopes', 'everything'], here);
    expect(refused).toMatchObject({ code: 2, printed: [] });
    expect(refused.complained[0]).toContain('There is no scope "everything"');
    expect((await run(['keys', 'list'], here)).printed).toHaveLength(1);
  });
});

describeOnPostgres('solvent audit', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  afterAll(() => world.close());

  it('prints a line an invariant and exits with 0 while all hold, and with 1 as soon as one does not', async () => {
    const there = { DATABASE_URL: world.url ?? '' };
    const account = await world.account({ credits: 10 });
    await world.post(await world.reserve(account));
    const clean = await run(['audit'], there);
    expect(clean.code).toBe(0);
    expect(clean.printed.slice(0, -1).every((line) => line.startsWith('✓ '))).toBe(true);
    expect(clean.printed.at(-1)).toBe(
      `The books are in order: all ${clean.printed.length - 1} invariants hold.`,
    );

    await world.rows('UPDATE model_summary SET calls = 7');
    const broken = await run(['audit'], there);
    expect(broken.code).toBe(1);
    expect(broken.printed.filter((line) => line.startsWith('✗ '))).toEqual([
      '✗ The summaries are the sums of what is booked. (2 of 5)',
    ]);
    expect(broken.printed.filter((line) => line.startsWith('    '))).toHaveLength(2);
    expect(broken.printed.at(-1)).toContain('The books are not in order: 1 of');
  });
});
