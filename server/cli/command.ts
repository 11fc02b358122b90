import type { Database } from '../database/index.ts';
import type { Environment } from '../environment.ts';

/** Where a command writes: each call is a line. */
export interface Terminal {
  /** What was asked for. */
  print(line: string): void;
  /** What is wrong. */
  complain(line: string): void;
  /** There when people look at it: what can be drawn over. Not where the output is piped. */
  readonly screen?: Screen;
}

/** A terminal that people look at. */
export interface Screen {
  readonly columns: number;
  /** Shows a line that the next one takes the place of; an empty one clears it. */
  redraw(line: string): void;
}

/** What a command works with. */
export interface Context {
  readonly environment: Environment;
  readonly database: Database;
  readonly terminal: Terminal;
}

/** Everything is as it should be. */
export const OK = 0;
/** The command ran, and what it found is not as it should be. */
export const FAILED = 1;
/** The command could not run: it was called wrongly, or its surroundings are wrong. */
export const UNUSABLE = 2;

/** One command: how it is called, and what it does then. */
export interface Command {
  /** How to call it, for help: one line each. */
  readonly usage: readonly { readonly call: string; readonly does: string }[];
  /**
   * Reads the arguments after the command's name, before a database is opened for it.
   *
   * @returns what then runs and gives the exit code.
   * @throws UsageError
   */
  parse(args: readonly string[]): (context: Context) => Promise<number>;
}

/** A command was called wrongly. Its message is one sentence for the caller. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
