/** That an account has fewer credits than the threshold that was set for it. */
import { defineRule } from './rule.ts';
import { readLowBalances } from './statements.ts';

/** LOW_BALANCE: each account and time that it is low. */
export const lowBalance = defineRule({
  kind: 'LOW_BALANCE',
  description:
    'An account has fewer credits than its threshold (setAutoTopUp). It ends when the account has as many again.',
  settings: {},
  topics: ['balances'],
  async observe({ sql }) {
    const accounts = await readLowBalances(sql);
    return accounts.map(({ externalId, lowSince, threshold, isOn, offReason }) => ({
      subject: externalId,
      windowKey: lowSince.toISOString(),
      windowEndsAt: null,
      severity: 'INFO' as const,
      title: `The account ${externalId} is low on credits`,
      detail:
        `It has fewer than ${threshold} available. ` +
        (isOn ? 'A pack is bought by itself.' : (offReason ?? 'Nothing is bought by itself.')),
    }));
  },
});
