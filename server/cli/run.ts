import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../database/index.ts';
import { type Environment, EnvironmentError, readEnvironment } from '../environment.ts';
import { audit } from './audit.ts';
import { type Command, OK, type Terminal, UNUSABLE, UsageError } from './command.ts';
import { helpText } from './help.ts';
import { importHistory } from './import.ts';
import { keys } from './keys.ts';
import { reconcile } from './reconcile.ts';
import { report } from './report.ts';

const COMMANDS: Readonly<Record<string, Command>> = { audit, import: importHistory, keys, reconcile, report };

/** An error's sentence, without what only programmers read. */
function sentence(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return sentence(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').trim() || 'An unknown error.';
}

/** Whether node:util's parseArgs refused what it was given. */
function isParseArgsError(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
}

function usageOf(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  // Its advice on how to pass a positional that begins with a dash helps nobody here.
  if (isParseArgsError(error))
    return `${sentence(error)
      .split(/\. |, (?:but|use)/)[0]
      ?.replace(/\.$/, '')}.`;
  return undefined;
}

async function runOn(
  environment: Environment,
  run: ReturnType<Command['parse']>,
  terminal: Terminal,
): Promise<number> {
  const { url, folder } = environment.database;
  // One that is made for the occasion would be in perfect order, and not the one that was meant.
  if (url === undefined && !existsSync(join(folder, 'postgres'))) {
    terminal.complain(
      `There is no database in the folder ${folder} yet: set DATA_DIR or DATABASE_URL to the server's own, or start the server once.`,
    );
    return UNUSABLE;
  }
  let database: Awaited<ReturnType<typeof openDatabase>>;
  try {
    database = await openDatabase(environment.database);
  } catch (error) {
    terminal.complain(`The database cannot be opened. ${sentence(error)}`);
    return UNUSABLE;
  }
  try {
    return await run({ environment, database, terminal });
  } finally {
    await database.close();
  }
}

/**
 * Runs one command.
 *
 * @param args what stands after the program's name.
 * @param variables `process.env`, or a test's own.
 * @returns the exit code: 0 all is well, 1 it is not, 2 the command could not run.
 */
export async function runCommand(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<number> {
  const [name = 'help', ...rest] = args;
  if (name === 'help' || name === '--help' || name === '-h') {
    for (const line of helpText(COMMANDS)) terminal.print(line);
    return OK;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    terminal.complain(`There is no command "${name}"; help shows those that there are.`);
    return UNUSABLE;
  }
  try {
    const run = command.parse(rest);
    return await runOn(readEnvironment(variables), run, terminal);
  } catch (error) {
    if (error instanceof EnvironmentError) {
      for (const line of error.lines) terminal.complain(line);
    } else {
      terminal.complain(usageOf(error) ?? `The command failed. ${sentence(error)}`);
    }
    return UNUSABLE;
  }
}
