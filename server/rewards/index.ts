/** The door of the rewards' room: the prize wheel and referrals. See README.md. */
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { referralCode } from './referrals.ts';
import { changeRules, type RewardRules, type RewardRulesChange, readRules } from './rules.ts';
import { createWheel, type Wheel } from './wheel.ts';

export { commitmentOf, type Draw, drawTicket, TICKETS } from './draw.ts';
export { referring } from './referrals.ts';
export type { RewardRules, RewardRulesChange } from './rules.ts';
export type {
  ClosedReason,
  Commitment,
  Prize,
  Spin,
  SpinItem,
  SpinOutcome,
  Wheel,
  WheelState,
} from './wheel.ts';

/** The rewards of a site. Its functions throw what the database throws. */
export interface Rewards {
  readonly wheel: Wheel;
  /** The code with which an account refers its friends, made when it is first asked for. The account must exist. */
  referralCode(accountId: string): Promise<string>;
  /** What the wheel and referrals give on this site. */
  rules(): Promise<RewardRules>;
  /** Changes what is said of the rules; the figures have been checked. */
  changeRules(change: RewardRulesChange, reason: string, actor: string): Promise<RewardRules>;
}

/** Makes the rewards' room. */
export function createRewards(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Pick<Catalog, 'candidates' | 'price'>;
  readonly priceList: string;
}): Rewards {
  const { database, clock, priceList } = options;
  return {
    wheel: createWheel(options),
    referralCode: (accountId) => referralCode(database, clock, accountId),
    rules: () => readRules(database, priceList),
    changeRules: (change, reason, actor) =>
      changeRules(database, clock.now(), priceList, change, reason, actor),
  };
}
