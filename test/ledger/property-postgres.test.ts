import { it } from 'vitest';
import { describeOnPostgres, openTestDatabase } from '../support/databases.ts';
import { checkLedger } from './property.ts';

describeOnPostgres('the ledger', (kind) => {
  it('does what its model does, after every step of any sequence of events', async () => {
    const opened = await openTestDatabase(kind, 1);
    try {
      await checkLedger(opened);
    } finally {
      await opened.close();
    }
  }, 900_000);
});
