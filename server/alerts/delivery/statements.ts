/** All SQL of the alerts' deliveries: channels, what waits for them, and what has become of it. */
import type { Sql } from '../../database/index.ts';
import type { AlertChangeKind, AlertKind, AlertRecord, AlertSeverity } from '../types.ts';

// ---------------------------------------------------------------------------------------------------------- channels

export type ChannelKind = 'WEBHOOK' | 'SLACK' | 'EMAIL';

/** A channel without its secrets. */
export interface Channel {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly name: string;
  /** A URL, or e-mail addresses with commas between them. */
  readonly target: string;
  readonly minimumSeverity: AlertSeverity;
  /** Empty: all. */
  readonly kinds: readonly AlertKind[];
  readonly escalationsOnly: boolean;
  readonly tellsResolved: boolean;
  readonly groupSeconds: number;
  /** Minutes of the day in {@link timeZone}; null without quiet hours. */
  readonly quietFromMinute: number | null;
  readonly quietToMinute: number | null;
  readonly timeZone: string;
  readonly escalateAfterMinutes: number | null;
  readonly escalateToId: string | null;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const CHANNEL = `c.id, c.kind, c.name, c.target, c.minimum_severity AS "minimumSeverity", c.kinds::text[] AS kinds,
  c.escalations_only AS "escalationsOnly", c.tells_resolved AS "tellsResolved", c.group_seconds AS "groupSeconds",
  c.quiet_from_minute AS "quietFromMinute", c.quiet_to_minute AS "quietToMinute", c.time_zone AS "timeZone",
  c.escalate_after_minutes AS "escalateAfterMinutes", c.escalate_to_id AS "escalateToId", c.enabled,
  c.created_at AS "createdAt", c.updated_at AS "updatedAt"`;

/** Every channel that has not been removed, in the order in which they were made; or the one with this id. */
export async function readChannels(sql: Sql, id: string | null = null): Promise<Channel[]> {
  return sql.query<Channel>(
    `SELECT ${CHANNEL} FROM alert_channel c WHERE c.removed_at IS NULL AND ($1::uuid IS NULL OR c.id = $1) ORDER BY c.id`,
    [id],
  );
}

/** What writes a line of the audit log. */
export interface Noted {
  readonly auditId: string;
  readonly actor: string;
}

/** What can be set of a channel, in the order of its parameters from $4 on. */
const SETTABLE = `name, target, minimum_severity, kinds, escalations_only, tells_resolved, group_seconds, quiet_from_minute,
  quiet_to_minute, time_zone, escalate_after_minutes, escalate_to_id, enabled`;
const GIVEN = `$4, $5, $6::alert_severity, $7::text[]::alert_kind[], $8::boolean, $9::boolean, $10::int, $11::int, $12::int, $13,
  $14::int, $15::uuid, $16::boolean`;

const parametersOf = (channel: Channel, { auditId, actor }: Noted): unknown[] => [
  channel.id,
  auditId,
  actor,
  channel.name,
  channel.target,
  channel.minimumSeverity,
  channel.kinds,
  channel.escalationsOnly,
  channel.tellsResolved,
  channel.groupSeconds,
  channel.quietFromMinute,
  channel.quietToMinute,
  channel.timeZone,
  channel.escalateAfterMinutes,
  channel.escalateToId,
  channel.enabled,
  channel.updatedAt,
];

/** A channel's target may hold a key, so that it is not in the audit log. */
const noteChannel = (action: string) => `INSERT INTO audit_log (id, at, actor, action, subject, detail)
  SELECT $2::uuid, updated_at, $3, '${action}', id::text, jsonb_build_object('kind', kind, 'name', name, 'enabled', enabled) FROM kept`;

/** Keeps a new channel, with a line of the audit log. */
export async function insertChannel(
  sql: Sql,
  channel: Channel,
  secret: string | null,
  noted: Noted,
): Promise<void> {
  await sql.query(
    `WITH kept AS (
      INSERT INTO alert_channel (id, ${SETTABLE}, created_at, updated_at, kind, secret)
      VALUES ($1, ${GIVEN}, $17, $17, $18::alert_channel_kind, $19) RETURNING *
    ) ${noteChannel('alert-channel.created')}`,
    [...parametersOf(channel, noted), channel.kind, secret],
  );
}

/** Keeps what has changed of a channel, with a line of the audit log. */
export async function updateChannel(sql: Sql, channel: Channel, noted: Noted): Promise<void> {
  await sql.query(
    `WITH kept AS (
      UPDATE alert_channel SET (${SETTABLE}, updated_at) = (${GIVEN}, $17) WHERE id = $1 RETURNING *
    ) ${noteChannel('alert-channel.changed')}`,
    parametersOf(channel, noted),
  );
}

/** Gives a webhook another secret; the one before signs too until `oldUntil`. False when there is no such webhook. */
export async function rotateSecret(
  sql: Sql,
  id: string,
  secret: string,
  { now, oldUntil }: { readonly now: Date; readonly oldUntil: Date },
  { auditId, actor }: Noted,
): Promise<boolean> {
  const rows = await sql.query(
    `WITH kept AS (
      UPDATE alert_channel SET old_secret = secret, old_secret_until = $3, secret = $2, updated_at = $4
      WHERE id = $1 AND kind = 'WEBHOOK' AND removed_at IS NULL RETURNING id, name
    )
    INSERT INTO audit_log (id, at, actor, action, subject, detail)
    SELECT $5::uuid, $4, $6, 'alert-channel.secret-rotated', id::text, jsonb_build_object('name', name) FROM kept
    RETURNING id`,
    [id, secret, oldUntil, now, auditId, actor],
  );
  return rows.length > 0;
}

/** Removes a channel, and whatever escalates to it does so no more. What waits for it is dead. False when it is not there. */
export async function removeChannel(
  sql: Sql,
  id: string,
  now: Date,
  { auditId, actor }: Noted,
): Promise<boolean> {
  const rows = await sql.query(
    `WITH gone AS (
      UPDATE alert_channel SET removed_at = $2, updated_at = $2, enabled = false WHERE id = $1 AND removed_at IS NULL
      RETURNING id, name
    ), others AS (
      UPDATE alert_channel SET escalate_after_minutes = NULL, escalate_to_id = NULL, updated_at = $2
      WHERE escalate_to_id IN (SELECT id FROM gone)
    ), dead AS (
      UPDATE alert_delivery SET state = 'DEAD', last_error = 'The channel was removed.'
      WHERE channel_id IN (SELECT id FROM gone) AND state = 'WAITING'
    )
    INSERT INTO audit_log (id, at, actor, action, subject, detail)
    SELECT $3::uuid, $2, $4, 'alert-channel.removed', id::text, jsonb_build_object('name', name) FROM gone
    RETURNING id`,
    [id, now, auditId, actor],
  );
  return rows.length > 0;
}

// -------------------------------------------------------------------------------------------------------- deliveries

/** A message that waits, and when its next try may be made. */
export interface Due {
  readonly deliveryId: string;
  readonly dueAt: Date;
  /** Whether a step for it may wait in the queue already, for a later time. */
  readonly waits: boolean;
}

/**
 * Puts a change into the message that gathers for each channel which is to be told of it, or into a new one. Belongs into the
 * transaction of the change. A critical one lets the message that it joins go at once.
 */
export async function addToOutbox(
  sql: Sql,
  now: Date,
  alert: AlertRecord,
  change: AlertChangeKind,
  most: number,
): Promise<Due[]> {
  return sql.query<Due>(
    `WITH fitting AS (
      SELECT c.id, CASE WHEN $3 THEN $1::timestamptz ELSE $1::timestamptz + c.group_seconds * interval '1 second' END AS due_at
      FROM alert_channel c
      WHERE c.removed_at IS NULL AND c.enabled AND NOT c.escalations_only AND c.minimum_severity <= $4::alert_severity
        AND (c.kinds = '{}' OR $5::alert_kind = ANY (c.kinds)) AND (c.tells_resolved OR $6 <> 'RESOLVED')
    ), joined AS (
      UPDATE alert_delivery d SET sequences = d.sequences || $2::int, critical = d.critical OR $3,
        due_at = CASE WHEN $3 THEN least(d.due_at, $1) ELSE d.due_at END
      FROM fitting f
      WHERE d.channel_id = f.id AND d.state = 'WAITING' AND d.reason = 'CHANGES' AND NOT d.sealed AND cardinality(d.sequences) < $7
      RETURNING d.id, d.channel_id, d.due_at
    ), made AS (
      INSERT INTO alert_delivery (id, channel_id, reason, sequences, critical, state, due_at, created_at)
      SELECT uuid_v7($1), f.id, 'CHANGES', ARRAY[$2::int], $3, 'WAITING', f.due_at, $1 FROM fitting f
      WHERE f.id NOT IN (SELECT joined.channel_id FROM joined)
      RETURNING id, due_at
    )
    SELECT id AS "deliveryId", due_at AS "dueAt", true AS waits FROM joined UNION ALL SELECT id, due_at, false FROM made`,
    [
      now,
      alert.sequence,
      alert.severity === 'CRITICAL' && change !== 'RESOLVED',
      alert.severity,
      alert.kind,
      change,
      most,
    ],
  );
}

/** Makes a message of its own for a test, and gives its id. */
export async function addTest(sql: Sql, now: Date, channelId: string, id: string): Promise<void> {
  await sql.query(
    `INSERT INTO alert_delivery (id, channel_id, reason, sequences, critical, state, due_at, created_at)
    VALUES ($1, $2, 'TEST', '{}', true, 'WAITING', $3, $3)`,
    [id, channelId, now],
  );
}

/**
 * Makes the messages of alerts that nobody has acknowledged for as long as their channels wait: one for each channel that
 * they are escalated to, or several where it would tell of more than `most`; and each opening of an alert once.
 */
export async function addEscalations(sql: Sql, now: Date, most: number): Promise<Due[]> {
  return sql.query<Due>(
    `WITH late AS (
      SELECT c.id AS channel_id, c.escalate_to_id, e.sequence, a.severity
      FROM alert_channel c JOIN alert_channel t ON t.id = c.escalate_to_id AND t.enabled AND t.removed_at IS NULL
        JOIN alert a ON a.state = 'OPEN' AND a.severity >= c.minimum_severity AND (c.kinds = '{}' OR a.kind = ANY (c.kinds))
        JOIN LATERAL (SELECT ev.sequence, ev.at FROM alert_event ev WHERE ev.alert_id = a.id
          AND ev.change IN ('OPENED', 'WORSENED', 'REOPENED') ORDER BY ev.sequence DESC LIMIT 1) e ON true
      WHERE c.removed_at IS NULL AND c.enabled AND e.at <= $1::timestamptz - c.escalate_after_minutes * interval '1 minute'
    ), noted AS (
      INSERT INTO alert_escalation (channel_id, sequence, at) SELECT channel_id, sequence, $1 FROM late ORDER BY channel_id, sequence
      ON CONFLICT DO NOTHING RETURNING channel_id, sequence
    ), told AS (
      SELECT DISTINCT l.escalate_to_id, l.sequence, l.severity
      FROM late l JOIN noted n ON n.channel_id = l.channel_id AND n.sequence = l.sequence
    ), numbered AS (
      SELECT *, (row_number() OVER (PARTITION BY escalate_to_id ORDER BY sequence) - 1) / $2::int AS message FROM told
    )
    INSERT INTO alert_delivery (id, channel_id, reason, sequences, critical, state, due_at, created_at)
    SELECT uuid_v7($1), escalate_to_id, 'ESCALATION', array_agg(sequence ORDER BY sequence), bool_or(severity = 'CRITICAL'), 'WAITING',
      $1, $1
    FROM numbered GROUP BY escalate_to_id, message
    RETURNING id AS "deliveryId", due_at AS "dueAt", false AS waits`,
    [now, most],
  );
}

/** Puts a message that is due off to the end of its channel's quiet hours, when they hold now. Gives that end. */
export async function putOffForQuiet(sql: Sql, id: string, now: Date): Promise<Date | null> {
  const [row] = await sql.query<{ due_at: Date }>(
    `UPDATE alert_delivery d SET due_at = quiet_until($2, c.time_zone, c.quiet_from_minute, c.quiet_to_minute)
    FROM alert_channel c
    WHERE d.id = $1 AND c.id = d.channel_id AND d.state = 'WAITING' AND d.due_at <= $2 AND NOT d.critical
      AND quiet_until($2, c.time_zone, c.quiet_from_minute, c.quiet_to_minute) IS NOT NULL
    RETURNING d.due_at`,
    [id, now],
  );
  return row?.due_at ?? null;
}

export type DeliveryReason = 'CHANGES' | 'ESCALATION' | 'TEST';
export type DeliveryState = 'WAITING' | 'SENDING' | 'DELIVERED' | 'DEAD';

/** A message that this process has for itself, with all that sending it takes. */
export interface Claimed {
  readonly id: string;
  readonly reason: DeliveryReason;
  readonly sequences: readonly number[];
  readonly critical: boolean;
  /** This try's number, from 1. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly channel: {
    readonly id: string;
    readonly kind: ChannelKind;
    readonly name: string;
    readonly target: string;
    /** The newest first. Only of a webhook. */
    readonly secrets: readonly string[];
  };
}

/**
 * Takes a message that is due, or that another process has left. Null when it is not to be had. One whose channel was removed
 * while it was sent, or while its change was kept, is dead.
 */
export async function claim(sql: Sql, id: string, now: Date, until: Date): Promise<Claimed | null> {
  const [row] = await sql.query<
    Omit<Claimed, 'channel'> & {
      channelId: string;
      kind: ChannelKind;
      name: string;
      target: string;
      secrets: string[];
      removed: boolean;
    }
  >(
    `UPDATE alert_delivery d SET sealed = true, attempts = d.attempts + (c.removed_at IS NULL)::int,
      state = CASE WHEN c.removed_at IS NULL THEN 'SENDING' ELSE 'DEAD' END::alert_delivery_state,
      claimed_until = CASE WHEN c.removed_at IS NULL THEN $3::timestamptz END,
      last_error = CASE WHEN c.removed_at IS NULL THEN d.last_error ELSE 'The channel was removed.' END
    FROM alert_channel c
    WHERE d.id = $1 AND c.id = d.channel_id
      AND (d.state = 'WAITING' AND d.due_at <= $2 OR d.state = 'SENDING' AND d.claimed_until <= $2)
    RETURNING d.id, d.reason, d.sequences, d.critical, d.attempts, d.created_at AS "createdAt", c.id AS "channelId", c.kind, c.name,
      c.target, array_remove(ARRAY[c.secret, CASE WHEN c.old_secret_until > $2 THEN c.old_secret END], NULL) AS secrets,
      c.removed_at IS NOT NULL AS removed`,
    [id, now, until],
  );
  if (!row || row.removed) return null;
  const { channelId, kind, name, target, secrets, removed: _, ...delivery } = row;
  return { ...delivery, channel: { id: channelId, kind, name, target, secrets } };
}

/** What has become of a try. Nothing changes when another process has taken the message over meanwhile. */
export async function finish(
  sql: Sql,
  { id, attempts }: Pick<Claimed, 'id' | 'attempts'>,
  end:
    | { readonly state: 'DELIVERED'; readonly at: Date }
    | { readonly state: 'WAITING'; readonly error: string; readonly dueAt: Date }
    | { readonly state: 'DEAD'; readonly error: string },
): Promise<void> {
  await sql.query(
    `UPDATE alert_delivery SET state = $3::alert_delivery_state, claimed_until = NULL, last_error = $4,
      due_at = coalesce($5, due_at), delivered_at = $6
    WHERE id = $1 AND state = 'SENDING' AND attempts = $2`,
    [
      id,
      attempts,
      end.state,
      end.state === 'DELIVERED' ? null : end.error,
      end.state === 'WAITING' ? end.dueAt : null,
      end.state === 'DELIVERED' ? end.at : null,
    ],
  );
}

/** When a message that waits is due; null when it does not wait. */
export async function dueTimeOf(sql: Sql, id: string): Promise<Date | null> {
  const [row] = await sql.query<{ due_at: Date }>(
    `SELECT due_at FROM alert_delivery WHERE id = $1 AND state = 'WAITING'`,
    [id],
  );
  return row?.due_at ?? null;
}

/** The channel of a message, so that it queues up behind the others for it; null when there is no such message. */
export async function channelOf(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql.query<{ channel_id: string }>(
    'SELECT channel_id FROM alert_delivery WHERE id = $1',
    [id],
  );
  return row?.channel_id ?? null;
}

/** Messages that have been due for a while, or that a process has left half-way: their steps may be lost. */
export async function readOverdue(sql: Sql, dueBefore: Date, now: Date, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `SELECT id FROM alert_delivery WHERE state IN ('WAITING', 'SENDING')
      AND (state = 'WAITING' AND due_at <= $1 OR state = 'SENDING' AND claimed_until <= $2)
    ORDER BY due_at LIMIT $3`,
    [dueBefore, now, limit],
  );
  return rows.map((row) => row.id);
}

/** Lets a dead message be tried anew, with a line of the audit log. False when it is not dead, or its channel is gone. */
export async function revive(sql: Sql, id: string, now: Date, { auditId, actor }: Noted): Promise<boolean> {
  const rows = await sql.query(
    `WITH again AS (
      UPDATE alert_delivery d SET state = 'WAITING', attempts = 0, due_at = $2 FROM alert_channel c
      WHERE d.id = $1 AND d.state = 'DEAD' AND c.id = d.channel_id AND c.removed_at IS NULL
      RETURNING d.id, c.name
    )
    INSERT INTO audit_log (id, at, actor, action, subject, detail)
    SELECT $3::uuid, $2, $4, 'alert-delivery.retried', id::text, jsonb_build_object('channel', name) FROM again
    RETURNING id`,
    [id, now, auditId, actor],
  );
  return rows.length > 0;
}
