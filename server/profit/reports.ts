/** Reports, series, trends and rankings over whatever range, grouping and filter. */
import type { Sql } from '../database/index.ts';
import { isStorable } from '../database/index.ts';
import { isUuid } from '../ids.ts';
import { beginningOfPrevious, beginningsWithin, type Interval, isTimeZone } from '../time-zone.ts';
import { type Level, lengthOf, piecesOf } from './pieces.ts';
import { type BookedQuestion, readLines, readRanked, readSeries } from './statements.ts';
import { addUp, lineOf, NOTHING, trendOf } from './sums.ts';
import type {
  FieldError,
  Invalid,
  ProfitFilter,
  ProfitLine,
  ProfitPoint,
  ProfitQuestion,
  ProfitReport,
  ProfitTrend,
  Ranking,
  TimeRange,
} from './types.ts';

/** The most lines of a report, when its question names no other number. */
export const MOST_LINES = 10_000;
/** The most points of a series: a leap year by the hour has 8,784. */
export const MOST_POINTS = 9_000;
/** The most accounts of a ranking. */
export const MOST_RANKED = 100;
/** The most values of one list of a filter. */
const MOST_FILTERED = 1_000;
/** How much time of a question by account may be read call by call. */
const MOST_BY_CALL_MS = 31 * 86_400_000;
const EARLIEST = Date.parse('1970-01-01T00:00:00Z');
const LATEST = Date.parse('9999-01-01T00:00:00Z');

export type ReportOutcome = { readonly status: 'report'; readonly report: ProfitReport } | Invalid;
export type SeriesOutcome = { readonly status: 'series'; readonly points: readonly ProfitPoint[] } | Invalid;
export type TrendOutcome = { readonly status: 'trend'; readonly trend: ProfitTrend } | Invalid;
export type RankingOutcome = { readonly status: 'ranking'; readonly lines: readonly ProfitLine[] } | Invalid;

/** A range and a zone that can be, or what is wrong with them. */
export function checkTime(range: TimeRange, timeZone: string | null | undefined): FieldError[] {
  const fields: FieldError[] = [];
  for (const path of ['from', 'to'] as const) {
    const time = range[path].getTime();
    if (!(time >= EARLIEST && time <= LATEST)) {
      fields.push({ path: `range.${path}`, message: 'Give an instant of the years 1970 to 9998.' });
    }
  }
  if (fields.length === 0 && range.from >= range.to) {
    fields.push({
      path: 'range.to',
      message: 'It must lie after `from`: a range holds what is from <= t < to.',
    });
  }
  if (timeZone != null && !isTimeZone(timeZone)) {
    fields.push({
      path: 'timeZone',
      message: 'Give an IANA time zone such as Europe/Berlin, or leave it out.',
    });
  }
  return fields;
}

function checkFilter(filter: ProfitFilter): FieldError[] {
  return Object.entries(filter).flatMap(([name, values]: [string, readonly string[] | null | undefined]) => {
    const path = `filter.${name}`;
    if (!values) return [];
    if (values.length > MOST_FILTERED) return [{ path, message: `Give at most ${MOST_FILTERED} of them.` }];
    if (!values.every(isStorable)) return [{ path, message: 'Give text without control characters.' }];
    if (name === 'accounts' && !values.every(isUuid)) return [{ path, message: 'Give ids of accounts.' }];
    return [];
  });
}

const invalid = (fields: readonly FieldError[]): Invalid => ({ status: 'invalid', fields });

/** The level whose rows tell apart what is asked for, and no more. */
function levelOf({ groupBy, filter }: ProfitQuestion): Level {
  const by = new Set(groupBy ?? []);
  if (by.has('ACCOUNT') || filter?.accounts) return 'ACCOUNT';
  const { tiers, countries, plans } = filter ?? {};
  const segmented = by.has('TIER') || by.has('COUNTRY') || by.has('PLAN');
  return segmented || tiers || countries || plans ? 'SEGMENT' : 'MODEL';
}

/** What is to be read of the books for a question whose time is cut into these intervals. */
function bookedQuestion(question: ProfitQuestion, beginnings: readonly number[]): BookedQuestion | Invalid {
  const level = levelOf(question);
  const pieces = piecesOf(level, beginnings, question.range.to.getTime());
  if (level === 'ACCOUNT' && lengthOf(pieces.lineMoves) > MOST_BY_CALL_MS) {
    return invalid([
      {
        path: 'interval',
        message:
          'By account only whole days of UTC are summed up, and intervals that are none are read call by call, for at most 31 days of them. Take a longer interval, a shorter range, or the time zone UTC.',
      },
    ]);
  }
  return { level, pieces, filter: question.filter ?? {}, groupBy: question.groupBy ?? [] };
}

/** The functions of reports on one database. */
export function createReports(options: { readonly sql: Sql; readonly timeZone: string }) {
  const { sql } = options;

  const check = (question: ProfitQuestion): FieldError[] => [
    ...checkTime(question.range, question.timeZone),
    ...checkFilter(question.filter ?? {}),
  ];

  async function report(question: ProfitQuestion): Promise<ReportOutcome> {
    const fields = check(question);
    if (fields.length > 0) return invalid(fields);
    const booked = bookedQuestion(question, [question.range.from.getTime()]);
    if ('status' in booked) return booked;
    const most = question.mostLines ?? MOST_LINES;
    const found = await readLines(sql, booked, Math.min(most + 1, Number.MAX_SAFE_INTEGER));
    if (found.length > most) {
      return invalid([
        {
          path: 'groupBy',
          message: `This report has more than ${most} lines. Group by fewer dimensions, filter, or ask for topAccounts.`,
        },
      ]);
    }
    const totals = lineOf(addUp(found));
    const lines = booked.groupBy.length === 0 ? [totals] : found;
    const timeZone = question.timeZone ?? options.timeZone;
    return { status: 'report', report: { range: question.range, timeZone, totals, lines } };
  }

  return {
    report,

    async series(question: ProfitQuestion, interval: Interval): Promise<SeriesOutcome> {
      const fields = check(question);
      if (fields.length > 0) return invalid(fields);
      const from = question.range.from.getTime();
      const to = question.range.to.getTime();
      const zone = question.timeZone ?? options.timeZone;
      const beginnings = beginningsWithin(zone, interval, from, to, MOST_POINTS);
      if (beginnings === null) {
        return invalid([
          {
            path: 'interval',
            message: `This series has more than ${MOST_POINTS} points. Take a longer interval than ${interval}, or a shorter range.`,
          },
        ]);
      }
      const booked = bookedQuestion({ ...question, groupBy: [] }, beginnings);
      if ('status' in booked) return booked;
      const found = await readSeries(sql, booked);
      const points = beginnings.map((beginning, index) => ({
        at: new Date(beginning),
        until: new Date(beginnings[index + 1] ?? to),
        ...(found.get(index) ?? NOTHING),
      }));
      return { status: 'series', points };
    },

    async trend(question: ProfitQuestion): Promise<TrendOutcome> {
      const now = await report({ ...question, groupBy: [] });
      if (now.status === 'invalid') return now;
      const { range } = question;
      const zone = question.timeZone ?? options.timeZone;
      const from = Math.max(beginningOfPrevious(zone, range.from.getTime(), range.to.getTime()), EARLIEST);
      const previous = { from: new Date(from), to: range.from };
      if (previous.from >= previous.to) {
        return { status: 'trend', trend: trendOf(now.report.totals, NOTHING, previous) };
      }
      const before = await report({ ...question, groupBy: [], range: previous });
      if (before.status === 'invalid') return before;
      return { status: 'trend', trend: trendOf(now.report.totals, before.report.totals, previous) };
    },

    async topAccounts(
      question: Omit<ProfitQuestion, 'groupBy' | 'mostLines'>,
      by: Ranking,
      first: number,
    ): Promise<RankingOutcome> {
      const fields = check(question);
      if (!Number.isInteger(first) || first < 1 || first > MOST_RANKED) {
        fields.push({ path: 'first', message: `Give 1 to ${MOST_RANKED}.` });
      }
      if (fields.length > 0) return invalid(fields);
      const booked = bookedQuestion({ ...question, groupBy: ['ACCOUNT'] }, [question.range.from.getTime()]);
      if ('status' in booked) return booked;
      // What a vendor billed beyond the books is nobody's.
      const ranked = await readRanked(sql, booked, by, first + 1);
      const lines = ranked.filter(({ accountId }) => accountId !== null).slice(0, first);
      return { status: 'ranking', lines };
    },
  };
}
