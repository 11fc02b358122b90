/** What must hold of alerts, of their changes and of what is told of them. See statements.ts above for what a query gives. */
import type { Invariant, Reference } from '../invariant.ts';

/** Rows of alerts that name rows of other tables. */
export const ALERT_REFERENCES: readonly Reference[] = [
  { from: 'alert_event', column: 'alert_id', to: 'alert', key: 'x.sequence' },
  { from: 'alert_delivery', column: 'channel_id', to: 'alert_channel', key: 'x.id' },
  {
    from: 'alert_escalation',
    column: 'channel_id',
    to: 'alert_channel',
    key: "x.channel_id || ' ' || x.sequence",
  },
];

/** An alert as it stands after a change. */
const STANDING = [
  'sequence',
  'severity',
  'state',
  'title',
  'detail',
  'opened_at',
  'acknowledged_at',
  'acknowledged_by',
  'resolved_at',
  'resolved_by',
];
const standing = (row: string) => STANDING.map((column) => `${row}.${column}`).join(', ');

/** Longer than a transaction may have read the channels before one of them was set. */
const SLACK = "interval '1 minute'";

/** In the order of the report. */
export const ALERT_INVARIANTS: readonly Invariant[] = [
  {
    sentence: 'There is one alert for each kind, subject and window.',
    query: `SELECT count(*) = 1, format('alerts %s: each is %s of "%s" in "%s"', string_agg(id::text, ', ' ORDER BY id), kind, subject,
          window_key)
      FROM alert GROUP BY kind, subject, window_key`,
  },
  {
    sentence: 'Changes of alerts are numbered from 1, without a gap and without a double.',
    query: `SELECT e.sequence = e.expected AND e.sequence <= coalesce(s.last, 0),
        format('change %s of alert %s: it should be %s, and the newest given is %s', e.sequence, e.alert_id, e.expected, s.last)
      FROM (SELECT sequence, alert_id, row_number() OVER (ORDER BY sequence) AS expected FROM alert_event) e
      LEFT JOIN alert_sequence s ON s.id = 1
      UNION ALL SELECT s.last = coalesce((SELECT max(sequence) FROM alert_event), 0),
        format('change %s of alert %s: the newest given is %s', (SELECT max(sequence) FROM alert_event),
          (SELECT alert_id FROM alert_event ORDER BY sequence DESC LIMIT 1), s.last)
      FROM alert_sequence s`,
  },
  {
    sentence: 'Each alert is as its newest change left it.',
    query: `SELECT (${standing('a')}) IS NOT DISTINCT FROM (${standing('e')}),
        format('alert %s: it is %s %s since change %s; its newest change, %s, left it %s %s', a.id, a.severity, a.state, a.sequence,
          e.sequence, e.severity, e.state)
      FROM alert a
      LEFT JOIN (SELECT DISTINCT ON (alert_id) * FROM alert_event ORDER BY alert_id, sequence DESC) e ON e.alert_id = a.id`,
  },
  {
    sentence: 'Each change of an alert is one that could follow the change before it.',
    query: `SELECT CASE e.change
          WHEN 'OPENED' THEN e.before IS NULL AND e.state = 'OPEN'
          WHEN 'WORSENED' THEN e.before <> 'RESOLVED' AND e.state = 'OPEN' AND e.severity > e.was
          WHEN 'ACKNOWLEDGED' THEN e.before = 'OPEN' AND e.state = 'ACKNOWLEDGED' AND e.severity = e.was
          WHEN 'RESOLVED' THEN e.before <> 'RESOLVED' AND e.state = 'RESOLVED' AND e.severity = e.was
          WHEN 'REOPENED' THEN e.before = 'RESOLVED' AND e.state = 'OPEN' AND e.severity > e.was END,
        format('change %s of alert %s: %s makes it %s %s, and before it was %s %s', e.sequence, e.alert_id, e.change, e.severity, e.state,
          e.was, e.before)
      FROM (SELECT *, lag(state) OVER alerts AS before, lag(severity) OVER alerts AS was FROM alert_event
        WINDOW alerts AS (PARTITION BY alert_id ORDER BY sequence)) e`,
  },
  {
    sentence: 'Each change of an alert is in one message to each channel that wanted it.',
    // What a channel wanted before it was last set is not known any more.
    query: `SELECT coalesce(m.messages, 0) = 1,
        format('change %s of alert %s: %s messages tell the channel %s of it', e.sequence, e.alert_id, coalesce(m.messages, 0), c.id)
      FROM alert_channel c
      JOIN alert_event e ON e.change <> 'ACKNOWLEDGED' AND e.at > c.updated_at + ${SLACK} AND e.severity >= c.minimum_severity
        AND (c.tells_resolved OR e.change <> 'RESOLVED')
      JOIN alert a ON a.id = e.alert_id AND (c.kinds = '{}' OR a.kind = ANY (c.kinds))
      LEFT JOIN (SELECT d.channel_id, s.sequence, count(*) AS messages FROM alert_delivery d CROSS JOIN LATERAL unnest(d.sequences) AS s (sequence)
        WHERE d.reason = 'CHANGES' GROUP BY 1, 2) m ON m.channel_id = c.id AND m.sequence = e.sequence
      WHERE c.enabled AND NOT c.escalations_only
      UNION ALL SELECT count(*) = 1, format('change %s: %s messages tell the channel %s of it', s.sequence, count(*), d.channel_id)
      FROM alert_delivery d CROSS JOIN LATERAL unnest(d.sequences) AS s (sequence) WHERE d.reason = 'CHANGES'
      GROUP BY d.channel_id, s.sequence`,
  },
  {
    sentence: 'Each escalation that was noted is in a message, and each such message was noted.',
    query: `SELECT x.sequence IS NOT NULL AND m.sequence IS NOT NULL,
        format('escalation of change %s (channel %s, message %s): %s', coalesce(x.sequence, m.sequence), x.channel_id, m.id,
          CASE WHEN m.sequence IS NULL THEN 'no message tells of it' ELSE 'it was not noted' END)
      FROM (SELECT sequence, min(channel_id::text) AS channel_id FROM alert_escalation GROUP BY 1) x
      FULL JOIN (SELECT s.sequence, min(d.id::text) AS id FROM alert_delivery d CROSS JOIN LATERAL unnest(d.sequences) AS s (sequence)
        WHERE d.reason = 'ESCALATION' GROUP BY 1) m ON m.sequence = x.sequence`,
  },
  {
    sentence:
      'Each message of alerts waits, is being sent, was taken or is given up, and tells of changes that are there.',
    query: `SELECT (d.state = 'SENDING') = (d.claimed_until IS NOT NULL) AND (d.state = 'DELIVERED') = (d.delivered_at IS NOT NULL)
          AND (d.state <> 'DEAD' OR d.last_error IS NOT NULL) AND d.attempts >= 0 AND (d.attempts = 0 OR d.sealed)
          AND (d.state NOT IN ('SENDING', 'DELIVERED') OR d.attempts > 0)
          AND (d.reason = 'TEST') = (cardinality(d.sequences) = 0) AND x.there = cardinality(d.sequences),
        format('message %s to the channel %s: %s after %s tries, claimed until %s, taken at %s, because of "%s"; %s of its %s changes are there',
          d.id, d.channel_id, d.state, d.attempts, d.claimed_until, d.delivered_at, d.last_error, x.there, cardinality(d.sequences))
      FROM alert_delivery d
      CROSS JOIN LATERAL (SELECT count(DISTINCT e.sequence) AS there FROM alert_event e WHERE e.sequence = ANY (d.sequences)) x`,
  },
];
