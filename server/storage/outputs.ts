/** The links of outputs, and how one is taken back. */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import * as statements from './statements.ts';

/** What can be done with an output's link. */
export interface Outputs {
  /** Which generation an output belongs to, and whose that is; null when there is no such output. */
  owner(outputId: string): Promise<{ readonly generationId: string; readonly accountId: string } | null>;
  /**
   * Ends an output's link for good, and lets its file be deleted unless another output needs it. A second time changes
   * nothing, and so does an output that is not there.
   *
   * @param actor who does so, for the audit log.
   */
  revoke(outputId: string, actor: string): Promise<void>;
}

/** Opens the links of a database's outputs. */
export function createOutputs({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Outputs {
  return {
    owner: (outputId) => statements.readOwner(database, outputId),
    revoke: (outputId, actor) =>
      statements.revoke(database, { id: outputId, now: clock.now(), auditId: newId(), actor }),
  };
}
