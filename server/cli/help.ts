import type { Command } from './command.ts';

/** What `solvent help` prints: every command with its calls. */
export function helpText(commands: Readonly<Record<string, Command>>): string[] {
  const usages = Object.values(commands).flatMap((command) => command.usage);
  const width = Math.max(...usages.map(({ call }) => call.length)) + 2;
  return [
    'Solvent: sell AI by the credit, and never lose money on it.',
    '',
    'npm run solvent -- COMMAND',
    '',
    ...usages.map(({ call, does }) => `  ${call.padEnd(width)}${does}`),
    `  ${'help'.padEnd(width)}Show this.`,
    '',
    'Commands work on the database that the environment names: DATABASE_URL, or else the folder DATA_DIR.',
    'The embedded database in a folder can be opened by one process only: stop the server first.',
    'Exit codes: 0 all is well, 1 it is not, 2 the command could not run.',
  ];
}
