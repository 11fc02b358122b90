/** What a run says of itself while it is under way: how far it has come, and which rows it rejects. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../database/index.ts';
import type { Log } from '../../log.ts';
import { rejectLine } from '../reject-line.ts';
import type { Rejection, Tally } from '../run.ts';
import * as statements from './statements.ts';

/** So often it is told how far a run has come. */
const EVERY_MS = 500;
/** So many rejected rows are kept at once. */
const TOGETHER = 500;

const NONE: Tally = { rows: 0, added: 0, present: 0, rejected: 0, costMicros: 0n, revenueMicros: 0n };

/** The report of one run. */
export class Report {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #key: statements.RunKey;
  readonly #isDry: boolean;
  readonly #timer: NodeJS.Timeout;
  #tally: Readonly<Tally> = NONE;
  #readBytes = 0;
  #rejects: statements.KeptReject[] = [];
  #rejected = 0;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly database: Database;
    readonly clock: Clock;
    readonly log: Log;
    readonly key: statements.RunKey;
    readonly isDry: boolean;
  }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#key = options.key;
    this.#isDry = options.isDry;
    let isTelling = false;
    this.#timer = setInterval(() => {
      if (isTelling) return;
      isTelling = true;
      this.#telling = this.#tell().finally(() => {
        isTelling = false;
      });
    }, EVERY_MS);
  }

  read(bytes: number): void {
    this.#readBytes += bytes;
  }

  progress(tally: Readonly<Tally>): void {
    this.#tally = tally;
  }

  async reject(rejection: Rejection): Promise<void> {
    this.#rejected += 1;
    const { line, problem } = rejection;
    this.#rejects.push({ number: this.#rejected, line, problem, csv: rejectLine(rejection) });
    if (this.#rejects.length >= TOGETHER) await this.#keepRejects();
  }

  /** Ends telling. What has not been kept of it is kept with {@link end}, or by the next run. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
  }

  /** Keeps all of it, and how the run has ended. */
  async end(
    tally: Readonly<Tally>,
    end: { readonly state: 'CHECKED' | 'IMPORTED' | 'FAILED'; readonly problem: string | null },
  ): Promise<void> {
    this.#tally = tally;
    await this.stop();
    await this.#keepRejects();
    await statements.finish(this.#database, this.#clock.now(), this.#key, this.#seen(), end);
  }

  /** Keeps that the import has failed, and nothing that has not been kept yet: that may be the cause. */
  async fail(problem: string): Promise<void> {
    await this.stop();
    await statements.fail(this.#database, this.#clock.now(), this.#key, problem);
  }

  #seen(): statements.Seen {
    const { rows, added, present, rejected, costMicros, revenueMicros } = this.#tally;
    return {
      readBytes: this.#readBytes,
      rows,
      good: added + present,
      added: this.#isDry ? added : null,
      rejected,
      costMicros,
      revenueMicros,
    };
  }

  async #keepRejects(): Promise<void> {
    const rejects = this.#rejects;
    if (rejects.length === 0) return;
    this.#rejects = [];
    await statements.addRejects(this.#database, this.#key, rejects);
  }

  async #tell(): Promise<void> {
    try {
      await statements.tell(this.#database, this.#clock.now(), this.#key, this.#seen());
    } catch (error) {
      this.#log.warn({ ...this.#key, error }, 'It could not be told how far an import has come.');
    }
  }
}
