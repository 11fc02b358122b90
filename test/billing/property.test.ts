import { it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { checkHistories } from './property.ts';
import { openStage } from './stage.ts';

describeOnEachDatabase('billing', (kind) => {
  it('comes to the same whatever the order, number and concurrency of events, in any history', async () => {
    await using stage = await openStage(kind);
    // On Postgres two rooms on connections of their own hear each event; on PGlite there is one process.
    await checkHistories(stage, Number(process.env.FC_RUNS ?? 8));
  }, 7_200_000);
});
