import { describe, it } from 'vitest';
import { openTestDatabase } from '../support/databases.ts';
import { checkLedger } from './property.ts';

describe('the ledger (pglite)', () => {
  it('does what its model does, after every step of any sequence of events', async () => {
    const opened = await openTestDatabase('pglite');
    try {
      await checkLedger(opened);
    } finally {
      await opened.close();
    }
  }, 900_000);
});
