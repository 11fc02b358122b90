/** How the whole site stands, for metrics: read from the database, at most every five seconds however often it is asked. */
import { type AlertCounts, SEVERITIES } from '../alerts/index.ts';
import type { Core } from '../core.ts';
import { dollars, margin } from '../money.ts';
import type { Protection } from '../protection/index.ts';
import type { QueueCounts, Step } from '../queue/index.ts';
import type { LiveWindow, ProfitSums } from '../watch/index.ts';

/** How the site stood at one moment. */
export interface SiteFigures {
  readonly totals: Record<LiveWindow, ProfitSums>;
  readonly protection: Protection;
  readonly reservationsOpen: number;
  readonly queue: Record<Step, QueueCounts>;
  readonly alerts: AlertCounts;
}

/** A gauge of such figures. */
export interface SiteMetric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (figures: SiteFigures) => readonly (readonly [Readonly<Record<string, string>>, number])[];
}

const READ_EVERY_MS = 5_000;
const MOST_WAIT_MS = 2_000;

const WINDOWS = [
  ['HOUR', 'hour'],
  ['DAY', 'day'],
] as const;

/** A gauge with a value for the hour and one for the day. */
function ofWindows(name: string, help: string, value: (totals: ProfitSums) => number | null): SiteMetric {
  return {
    name,
    help,
    labels: ['window'],
    read: ({ totals }) =>
      WINDOWS.flatMap(([window, label]) => {
        const found = value(totals[window]);
        return found === null ? [] : [[{ window: label }, found] as const];
      }),
  };
}

const METRICS: readonly SiteMetric[] = [
  ofWindows('solvent_window_calls', 'Calls of the present hour and day.', ({ calls }) => calls),
  ofWindows('solvent_window_cost_dollars', 'What they cost.', ({ costMicros }) => dollars(costMicros)),
  ofWindows('solvent_window_lost_cost_dollars', 'The part of it whose customer was refunded.', (totals) =>
    dollars(totals.lostCostMicros),
  ),
  ofWindows('solvent_window_revenue_dollars', 'What they earned.', (totals) => dollars(totals.revenueMicros)),
  ofWindows(
    'solvent_window_margin_ratio',
    '(revenue − cost) / revenue; not there before the first revenue.',
    (totals) => margin(totals.revenueMicros, totals.costMicros),
  ),
  {
    name: 'solvent_budget_dollars',
    help: "The global budgets' present windows: the limit, what is spent and what is reserved.",
    labels: ['window', 'part'],
    read: ({ protection }) =>
      WINDOWS.flatMap(([, window]) => {
        const { limitMicros, spentMicros, reservedMicros } = protection[window];
        return [
          [{ window, part: 'limit' }, dollars(limitMicros)],
          [{ window, part: 'spent' }, dollars(spentMicros)],
          [{ window, part: 'reserved' }, dollars(reservedMicros)],
        ] as const;
      }),
  },
  {
    name: 'solvent_protection_state',
    help: 'Whether paid calls may go out: 1 for the state that holds.',
    labels: ['state'],
    read: ({ protection }) =>
      (['NORMAL', 'WARNING', 'SHUTDOWN'] as const).map((state) => {
        return [{ state }, protection.state === state ? 1 : 0] as const;
      }),
  },
  {
    name: 'solvent_reservations_open',
    help: 'Reservations that are pending, in all processes.',
    labels: [],
    read: ({ reservationsOpen }) => [[{}, reservationsOpen]],
  },
  {
    name: 'solvent_queue_steps',
    help: 'Steps of the queue, those that wait and those that are being done.',
    labels: ['step', 'state'],
    read: ({ queue }) =>
      Object.entries(queue).flatMap(([step, { waiting, active }]) => [
        [{ step, state: 'waiting' }, waiting] as const,
        [{ step, state: 'active' }, active] as const,
      ]),
  },
  {
    name: 'solvent_alerts_open',
    help: 'Alerts that are not resolved.',
    labels: ['severity'],
    read: ({ alerts }) => SEVERITIES.map((severity) => [{ severity }, alerts.open[severity]] as const),
  },
  {
    name: 'solvent_alert_messages',
    help: 'Messages of alerts to channels: those that are still to be sent, and those that were given up.',
    labels: ['state'],
    read: ({ alerts: { messages } }) => [
      [{ state: 'waiting' }, messages.waiting],
      [{ state: 'dead' }, messages.dead],
    ],
  },
];

/** Reads the figures of a site. */
export function createSiteFigures(core: Core) {
  let known: SiteFigures | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async () => {
    readAt = performance.now();
    const [hour, day, protection, reservationsOpen, queue, alerts] = await Promise.all([
      core.watch.totals('HOUR'),
      core.watch.totals('DAY'),
      core.protection.read(),
      core.watch.reservationsOpen(),
      core.queue.counts(),
      core.alerts.counts(),
    ]);
    known = { totals: { HOUR: hour, DAY: day }, protection, reservationsOpen, queue, alerts };
  };

  return {
    metrics: METRICS,
    /** Null when the database does not answer: the process's own figures are told all the same. */
    async read(): Promise<SiteFigures | null> {
      if (!reading && performance.now() - readAt >= READ_EVERY_MS) {
        reading = read()
          .catch((error: unknown) => {
            known = null;
            // Asked again by the next scrape.
            readAt = Number.NEGATIVE_INFINITY;
            core.log.warn({ error }, "The site's figures could not be read for metrics.");
          })
          .finally(() => {
            reading = undefined;
          });
      }
      if (reading) {
        const late = Promise.withResolvers<null>();
        const timer = setTimeout(late.resolve, MOST_WAIT_MS, null);
        const isLate = (await Promise.race([reading, late.promise])) === null;
        clearTimeout(timer);
        if (isLate) return null;
      }
      return known;
    },
  };
}
