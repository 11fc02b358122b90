-- CreateEnum
CREATE TYPE "alert_kind" AS ENUM ('BUDGET_WARNING', 'EMERGENCY_SHUTDOWN', 'MARGIN_LOW', 'COST_SPIKE', 'FREE_TIER_COST', 'UNUSUAL_USAGE', 'COST_ABOVE_HOLD', 'PROVIDER_DOWN', 'PAYMENT_DISPUTE', 'RESERVATION_ORPHANED', 'MODEL_RETIRING', 'BILL_MISMATCH', 'LOW_BALANCE');

-- CreateEnum
CREATE TYPE "alert_severity" AS ENUM ('INFO', 'WARNING', 'CRITICAL');

-- CreateEnum
CREATE TYPE "alert_state" AS ENUM ('OPEN', 'ACKNOWLEDGED', 'RESOLVED');

-- CreateEnum
CREATE TYPE "alert_change_kind" AS ENUM ('OPENED', 'WORSENED', 'ACKNOWLEDGED', 'RESOLVED', 'REOPENED');

-- CreateEnum
CREATE TYPE "alert_channel_kind" AS ENUM ('WEBHOOK', 'SLACK', 'EMAIL');

-- CreateEnum
CREATE TYPE "alert_delivery_state" AS ENUM ('WAITING', 'SENDING', 'DELIVERED', 'DEAD');

-- CreateEnum
CREATE TYPE "alert_delivery_reason" AS ENUM ('CHANGES', 'ESCALATION', 'TEST');

-- CreateTable
CREATE TABLE "alert" (
    "id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "kind" "alert_kind" NOT NULL,
    "severity" "alert_severity" NOT NULL,
    "state" "alert_state" NOT NULL,
    "subject" TEXT NOT NULL,
    "window_key" TEXT NOT NULL,
    "window_ends_at" TIMESTAMPTZ(6),
    "title" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(6),
    "acknowledged_by" TEXT,
    "resolved_at" TIMESTAMPTZ(6),
    "resolved_by" TEXT,
    "clear_since" TIMESTAMPTZ(6),

    CONSTRAINT "alert_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_event" (
    "sequence" INTEGER NOT NULL,
    "alert_id" UUID NOT NULL,
    "change" "alert_change_kind" NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT,
    "severity" "alert_severity" NOT NULL,
    "state" "alert_state" NOT NULL,
    "title" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(6),
    "acknowledged_by" TEXT,
    "resolved_at" TIMESTAMPTZ(6),
    "resolved_by" TEXT,

    CONSTRAINT "alert_event_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "alert_sequence" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "last" INTEGER NOT NULL,

    CONSTRAINT "alert_sequence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_rule" (
    "kind" "alert_kind" NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "settings" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_by" TEXT NOT NULL,

    CONSTRAINT "alert_rule_pkey" PRIMARY KEY ("kind")
);

-- CreateTable
CREATE TABLE "alert_channel" (
    "id" UUID NOT NULL,
    "kind" "alert_channel_kind" NOT NULL,
    "name" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "secret" TEXT,
    "old_secret" TEXT,
    "old_secret_until" TIMESTAMPTZ(6),
    "minimum_severity" "alert_severity" NOT NULL,
    "kinds" "alert_kind"[],
    "escalations_only" BOOLEAN NOT NULL,
    "tells_resolved" BOOLEAN NOT NULL,
    "group_seconds" INTEGER NOT NULL,
    "quiet_from_minute" INTEGER,
    "quiet_to_minute" INTEGER,
    "time_zone" TEXT NOT NULL,
    "escalate_after_minutes" INTEGER,
    "escalate_to_id" UUID,
    "enabled" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "removed_at" TIMESTAMPTZ(6),

    CONSTRAINT "alert_channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_delivery" (
    "id" UUID NOT NULL,
    "channel_id" UUID NOT NULL,
    "reason" "alert_delivery_reason" NOT NULL,
    "sequences" INTEGER[],
    "critical" BOOLEAN NOT NULL,
    "state" "alert_delivery_state" NOT NULL,
    "sealed" BOOLEAN NOT NULL DEFAULT false,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    "claimed_until" TIMESTAMPTZ(6),
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "delivered_at" TIMESTAMPTZ(6),

    CONSTRAINT "alert_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_escalation" (
    "channel_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "alert_escalation_pkey" PRIMARY KEY ("channel_id","sequence")
);

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "holder" UUID NOT NULL,
    "until" TIMESTAMPTZ(6) NOT NULL,
    "done_up_to" TIMESTAMPTZ(6),

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "alert_sequence_key" ON "alert"("sequence");

-- CreateIndex
CREATE UNIQUE INDEX "alert_kind_subject_window_key_key" ON "alert"("kind", "subject", "window_key");

-- CreateIndex
CREATE INDEX "alert_event_alert_id_idx" ON "alert_event"("alert_id");

-- CreateIndex
CREATE INDEX "alert_delivery_channel_id_state_idx" ON "alert_delivery"("channel_id", "state");

-- ------------------------------------------------------------------------------------------------ alerts

-- Changes of alerts are numbered by one row. Its lock is held until the transaction ends, so that they become visible in
-- the order of their numbers: whoever has seen one has all before it to see, and none can come later with a lower number.
-- A transaction that is rolled back gives its numbers back.
ALTER TABLE alert_sequence ADD CONSTRAINT alert_sequence_one_row CHECK (id = 1 AND last >= 0);
INSERT INTO alert_sequence (id, last) VALUES (1, 0);

ALTER TABLE alert
  ADD CONSTRAINT alert_state_times CHECK (
    (state = 'RESOLVED') = (resolved_at IS NOT NULL) AND (state <> 'ACKNOWLEDGED' OR acknowledged_at IS NOT NULL)
    AND (state <> 'OPEN' OR acknowledged_at IS NULL));

CREATE TRIGGER alert_event_is_immutable BEFORE UPDATE OR DELETE ON alert_event
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Those that are not resolved are few among all that ever were.
CREATE INDEX alert_active ON alert (kind) WHERE state <> 'RESOLVED';

ALTER TABLE alert_channel
  ADD CONSTRAINT alert_channel_quiet CHECK (
    (quiet_from_minute IS NULL) = (quiet_to_minute IS NULL) AND quiet_from_minute <> quiet_to_minute
    AND quiet_from_minute BETWEEN 0 AND 1439 AND quiet_to_minute BETWEEN 0 AND 1439),
  ADD CONSTRAINT alert_channel_time_zone CHECK (timestamp '2000-01-01' AT TIME ZONE time_zone IS NOT NULL),
  ADD CONSTRAINT alert_channel_escalation CHECK (
    (escalate_after_minutes IS NULL) = (escalate_to_id IS NULL) AND escalate_after_minutes > 0 AND escalate_to_id <> id),
  ADD CONSTRAINT alert_channel_group CHECK (group_seconds BETWEEN 0 AND 3600),
  ADD CONSTRAINT alert_channel_secret CHECK ((kind = 'WEBHOOK') = (secret IS NOT NULL));

CREATE INDEX alert_delivery_open ON alert_delivery (due_at) WHERE state IN ('WAITING', 'SENDING');

-- The end of the quiet hours that hold now; null when none do. Minutes are those of the zone's day; a second midnight or
-- an hour that comes twice never puts the end into the past.
CREATE FUNCTION quiet_until(p_now timestamptz, p_zone text, p_from int, p_to int) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT greatest(p_now + interval '1 minute', (s.day + s.days * interval '1 day' + p_to * interval '1 minute') AT TIME ZONE p_zone)
  FROM (SELECT date_trunc('day', p_now AT TIME ZONE p_zone) AS day, CASE
      WHEN p_from < p_to AND m.minute >= p_from AND m.minute < p_to THEN 0
      WHEN p_from > p_to AND m.minute >= p_from THEN 1
      WHEN p_from > p_to AND m.minute < p_to THEN 0 END AS days
    FROM (SELECT extract(hour FROM p_now AT TIME ZONE p_zone)::int * 60 + extract(minute FROM p_now AT TIME ZONE p_zone)::int AS minute) m) s
  WHERE s.days IS NOT NULL
$$;
