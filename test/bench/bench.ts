import type { Report } from './support/report.ts';

/** What a bench is told. */
export interface BenchOptions {
  /** How long each measured round lasts. */
  readonly seconds: number;
  /** How many calls `profit` makes up. */
  readonly rows: number;
  /** How long what is held open for its memory is held open. */
  readonly minutes: number;
}

/** One of the benches by its name. */
export interface Bench {
  readonly name: string;
  readonly needsPostgres: boolean;
  /** Why it cannot run here and what would change that, or null. */
  readonly missing?: () => string | null;
  run(options: BenchOptions): Promise<Report>;
}
