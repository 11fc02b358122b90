import { describe, it } from 'vitest';
import { openTestDatabase } from '../support/databases.ts';
import { checkLedger } from './property.ts';

describe('the ledger (pglite)', () => {
  it('does what its model does, after every step of any sequence of events', async () => {
    const opened = await openTestDatabase('pglite');
    try {
      await checkLedger(opened, Number(process.env.FC_RUNS ?? 2_000));
    } finally {
      await opened.close();
    }
  }, 300_000);
});
