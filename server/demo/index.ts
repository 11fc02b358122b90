/**
 * The door of the demo's room: a month of a made-up business for an empty database, and customers who go on from there.
 * README.md in this room says what the month tells.
 */
import type { Database } from '../database/index.ts';
import type { Tier } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import { readSetting, useSetting } from '../settings/index.ts';
import { importBefore, oldSystemFile } from './before.ts';
import { DAY_MS } from './demand.ts';
import { Month, type Told } from './month.ts';
import { Operator } from './operator.ts';
import { makePeople, type Person } from './people.ts';
import { makePictures } from './pictures.ts';
import { createRandom } from './random.ts';
import { openRooms } from './rooms.ts';
import * as statements from './statements.ts';

export { startTraffic, type Traffic, type TrafficOptions } from './traffic.ts';

/** Says that what is in a database is the demo's, and whether all of it is there. */
const SETTING = 'demo';
const BEGUN = 'begun';
const DONE = 'done';

/** What the demo is made with. */
export interface DemoOptions {
  readonly database: Database;
  readonly log: Log;
  readonly priceList: string;
  readonly marginFloor: number;
  /** In which the made-up files go. */
  readonly folder: string;
  /** Whom to sign in as. */
  readonly admin: { readonly email: string; readonly password: string };
  /** The present: the month ends here. */
  readonly now: Date;
  /** The same number makes up the same month. */
  readonly seed?: number;
  readonly accounts?: number;
  readonly days?: number;
  /** On an average weekday of the month. */
  readonly callsPerDay?: number;
}

/** What came of it. */
export type DemoOutcome =
  | { readonly status: 'filled'; readonly told: Readonly<Told> }
  /** It was filled before; nothing was added. */
  | { readonly status: 'there' }
  /** The process that filled it ended half-way. */
  | { readonly status: 'broken-off' }
  /** Somebody's data is in it; nothing was touched. */
  | { readonly status: 'in-use' };

const USUAL = { seed: 20_261, accounts: 120, days: 30, callsPerDay: 190 };

/** Fills an empty database with a month. A second time it changes nothing; a database that is in use it leaves alone. */
export async function fillDemo(given: DemoOptions): Promise<DemoOutcome> {
  const options = { ...USUAL, ...given };
  const { database, now, days, accounts, callsPerDay, priceList } = options;
  const standing = await readSetting(database, SETTING);
  if (standing !== null) return { status: standing === DONE ? 'there' : 'broken-off' };
  if (!(await statements.isUnused(database))) return { status: 'in-use' };

  await useSetting(database, SETTING, BEGUN);
  const random = createRandom(options.seed);
  const begin = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - days * DAY_MS);
  const rooms = await openRooms({ ...options, begin });
  try {
    await rooms.access.ensureFirstAdmin(options.admin);
    const admin = await database.prisma.admin.findFirstOrThrow();
    const operator = new Operator(rooms, `admin:${admin.id}`);
    const offers = await rooms.plans.offers(begin);
    const studio = await operator.sellStudio(priceList);
    const people = makePeople(random, accounts, days, offers, studio);
    const tiers = new Map<string, Tier>([...offers, studio].map(({ planId, tier }) => [planId, tier]));
    const tierOf = ({ kind, plan }: Person): Tier =>
      kind === 'pack' ? 'PAYG' : ((plan && tiers.get(plan.planId)) ?? 'FREE');
    const old = oldSystemFile(rooms, random, people, tierOf, { begin, days, callsPerDay });
    await importBefore(rooms, old, operator.actor);
    const pictures = await makePictures(rooms);
    const month = new Month({ rooms, random, people, operator, pictures, begin, days, now, callsPerDay });
    const told = await month.tell();
    await rooms.keep();
    await useSetting(database, SETTING, DONE);
    return { status: 'filled', told };
  } finally {
    await rooms.close();
  }
}
