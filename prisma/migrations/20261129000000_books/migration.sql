-- What credits have yet to earn, and what attempts add up to at every grain that reports ask for.
--
-- Every entry says by how much it changes deferred revenue, so that what was sold, what is earned, what expired unused
-- (breakage) and what was taken back are sums of rows that never change. Credits can be taken back. Summaries are kept by
-- model, by segment and by account, by quarters of an hour and by days, in the transaction that books.

-- CreateEnum
CREATE TYPE "summary_grain" AS ENUM ('QUARTER_HOUR', 'DAY');

-- AlterTable
ALTER TABLE "account" ADD COLUMN     "barred_reason" TEXT,
ADD COLUMN     "plan_id" TEXT;

-- AlterTable
ALTER TABLE "attempt" ADD COLUMN     "plan_id" TEXT;

-- AlterTable
ALTER TABLE "entry" ADD COLUMN     "deferred_delta_micros" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "generation" ADD COLUMN     "plan_id" TEXT;

-- AlterTable
ALTER TABLE "grant" ADD COLUMN     "revoke_pending" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "model_summary" (
    "grain" "summary_grain" NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "calls" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "cache_hits" INTEGER NOT NULL,
    "credits" BIGINT NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "lost_cost_micros" BIGINT NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,

    CONSTRAINT "model_summary_pkey" PRIMARY KEY ("grain","at","provider","model","operation")
);

-- CreateTable
CREATE TABLE "segment_summary" (
    "grain" "summary_grain" NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "calls" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "cache_hits" INTEGER NOT NULL,
    "credits" BIGINT NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "lost_cost_micros" BIGINT NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,

    CONSTRAINT "segment_summary_pkey" PRIMARY KEY ("grain","at","provider","model","operation","tier","country","plan")
);

-- CreateTable
CREATE TABLE "account_summary" (
    "day" TIMESTAMPTZ(6) NOT NULL,
    "account_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "calls" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "cache_hits" INTEGER NOT NULL,
    "credits" BIGINT NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "lost_cost_micros" BIGINT NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,

    CONSTRAINT "account_summary_pkey" PRIMARY KEY ("day","account_id","provider","model","operation","tier","country","plan")
);

-- ------------------------------------------------------------------------------------------------ invariants

ALTER TABLE "grant" ADD CONSTRAINT grant_revoke_pending
  CHECK (revoke_pending >= 0 AND revoke_pending <= credits - used - expired - revoked);

-- Sales, breakage and what was taken back are few beside the calls, and are asked for by time.
CREATE INDEX entry_books ON entry (created_at) INCLUDE (kind, deferred_delta_micros, account_id)
  WHERE kind IN ('GRANT', 'EXPIRE_GRANT', 'REVOKE') AND deferred_delta_micros <> 0;

ALTER TABLE model_summary SET (fillfactor = 50);
ALTER TABLE segment_summary SET (fillfactor = 70);
ALTER TABLE account_summary SET (fillfactor = 80);

-- ------------------------------------------------------------------------------------------------ what stood before

-- Entries of before say nothing of deferred revenue yet. What a grant's burned credits have earned stands; what else had left
-- the grant leaves it with the rest of its part, told by the newest entry that took some.
ALTER TABLE entry DISABLE TRIGGER entry_is_immutable;
UPDATE entry e SET deferred_delta_micros = g.revenue_micros FROM "grant" g WHERE e.kind = 'GRANT' AND g.id = e.grant_id;
UPDATE entry e SET deferred_delta_micros = -r.revenue_micros FROM generation r WHERE e.kind = 'POST' AND r.id = e.generation_id;
UPDATE entry e SET deferred_delta_micros = earned(g.revenue_micros, g.credits, g.used)
    - earned(g.revenue_micros, g.credits, g.used + g.expired + g.revoked)
  FROM "grant" g
  WHERE g.id = e.grant_id AND g.account_id = e.account_id AND g.expired + g.revoked > 0 AND e.sequence = (
    SELECT max(l.sequence) FROM entry l WHERE l.account_id = g.account_id AND l.grant_id = g.id AND l.kind IN ('EXPIRE_GRANT', 'REVOKE'));
ALTER TABLE entry ENABLE TRIGGER entry_is_immutable;

-- ------------------------------------------------------------------------------------------------ summaries

-- What one booked attempt adds to the summaries; a correction takes the old line out and adds the new one.
CREATE TYPE summary_line AS (at timestamptz, provider text, model text, operation operation, tier tier, country text, plan text,
  account_id uuid, calls int, succeeded int, failed int, cache_hits int, credits bigint, cost_micros bigint, lost_cost_micros bigint,
  revenue_micros bigint, duration_ms bigint);

-- The rows of time in which an instant counts.
CREATE FUNCTION summary_buckets(p_at timestamptz) RETURNS TABLE (grain summary_grain, starts_at timestamptz)
LANGUAGE sql IMMUTABLE AS $$
  VALUES ('QUARTER_HOUR'::summary_grain, date_bin('15 minutes', p_at, '2000-01-01T00:00:00Z')),
    ('DAY'::summary_grain, date_bin('1 day', p_at, '2000-01-01T00:00:00Z'))
$$;

-- All that is booked, a line each: what the summaries are the sums of.
CREATE VIEW booked_line AS
  SELECT att.booked_at AS at, att.provider, att.model, att.operation, att.tier, coalesce(att.country, '') AS country,
    coalesce(att.plan_id, '') AS plan, att.account_id, 1 AS calls, (att.outcome = 'SUCCEEDED')::int AS succeeded,
    (att.outcome <> 'SUCCEEDED')::int AS failed, (att.cost_source = 'cache')::int AS cache_hits,
    att.credits_charged::bigint AS credits, att.cost_micros,
    CASE WHEN att.outcome = 'SUCCEEDED' AND r.status = 'POSTED' THEN 0 ELSE att.cost_micros END AS lost_cost_micros,
    att.revenue_micros, att.duration_ms::bigint AS duration_ms
  FROM attempt att LEFT JOIN reservation r ON r.id = att.generation_id;

-- Adds lines to all summaries. Rows are locked in order of key, table after table, so that two that add wait for each other
-- and never for one another.
CREATE FUNCTION summary_add(p_lines summary_line[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO model_summary AS s (grain, at, provider, model, operation, calls, succeeded, failed, cache_hits,
      credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
    SELECT b.grain, b.starts_at, l.provider COLLATE "C", l.model COLLATE "C", l.operation, sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
      sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
    FROM unnest(p_lines) AS l CROSS JOIN LATERAL summary_buckets(l.at) AS b
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (grain, at, provider, model, operation) DO UPDATE SET
      calls = s.calls + excluded.calls, succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed,
      cache_hits = s.cache_hits + excluded.cache_hits, credits = s.credits + excluded.credits,
      cost_micros = s.cost_micros + excluded.cost_micros, lost_cost_micros = s.lost_cost_micros + excluded.lost_cost_micros,
      revenue_micros = s.revenue_micros + excluded.revenue_micros, duration_ms = s.duration_ms + excluded.duration_ms;
  INSERT INTO segment_summary AS s (grain, at, provider, model, operation, tier, country, plan, calls, succeeded, failed, cache_hits,
      credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
    SELECT b.grain, b.starts_at, l.provider COLLATE "C", l.model COLLATE "C", l.operation, l.tier, l.country COLLATE "C", l.plan COLLATE "C", sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
      sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
    FROM unnest(p_lines) AS l CROSS JOIN LATERAL summary_buckets(l.at) AS b
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT (grain, at, provider, model, operation, tier, country, plan) DO UPDATE SET
      calls = s.calls + excluded.calls, succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed,
      cache_hits = s.cache_hits + excluded.cache_hits, credits = s.credits + excluded.credits,
      cost_micros = s.cost_micros + excluded.cost_micros, lost_cost_micros = s.lost_cost_micros + excluded.lost_cost_micros,
      revenue_micros = s.revenue_micros + excluded.revenue_micros, duration_ms = s.duration_ms + excluded.duration_ms;
  INSERT INTO account_summary AS s (day, account_id, provider, model, operation, tier, country, plan, calls, succeeded, failed, cache_hits,
      credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
    SELECT date_bin('1 day', l.at, '2000-01-01T00:00:00Z'), l.account_id, l.provider COLLATE "C", l.model COLLATE "C", l.operation, l.tier, l.country COLLATE "C", l.plan COLLATE "C", sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
      sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
    FROM unnest(p_lines) AS l
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT (day, account_id, provider, model, operation, tier, country, plan) DO UPDATE SET
      calls = s.calls + excluded.calls, succeeded = s.succeeded + excluded.succeeded, failed = s.failed + excluded.failed,
      cache_hits = s.cache_hits + excluded.cache_hits, credits = s.credits + excluded.credits,
      cost_micros = s.cost_micros + excluded.cost_micros, lost_cost_micros = s.lost_cost_micros + excluded.lost_cost_micros,
      revenue_micros = s.revenue_micros + excluded.revenue_micros, duration_ms = s.duration_ms + excluded.duration_ms;
END $$;

INSERT INTO model_summary AS s (grain, at, provider, model, operation, calls, succeeded, failed, cache_hits,
    credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
  SELECT b.grain, b.starts_at, l.provider COLLATE "C", l.model COLLATE "C", l.operation, sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
    sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
  FROM booked_line AS l CROSS JOIN LATERAL summary_buckets(l.at) AS b
  GROUP BY 1, 2, 3, 4, 5;
INSERT INTO segment_summary AS s (grain, at, provider, model, operation, tier, country, plan, calls, succeeded, failed, cache_hits,
    credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
  SELECT b.grain, b.starts_at, l.provider COLLATE "C", l.model COLLATE "C", l.operation, l.tier, l.country COLLATE "C", l.plan COLLATE "C", sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
    sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
  FROM booked_line AS l CROSS JOIN LATERAL summary_buckets(l.at) AS b
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO account_summary AS s (day, account_id, provider, model, operation, tier, country, plan, calls, succeeded, failed, cache_hits,
    credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms)
  SELECT date_bin('1 day', l.at, '2000-01-01T00:00:00Z'), l.account_id, l.provider COLLATE "C", l.model COLLATE "C", l.operation, l.tier, l.country COLLATE "C", l.plan COLLATE "C", sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits),
    sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros), sum(l.revenue_micros), sum(l.duration_ms)
  FROM booked_line AS l
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

-- DropTable
DROP TABLE "hourly_summary";

-- ------------------------------------------------------------------------------------------------ time

-- Does what time alone does to accounts: takes back what was waiting for its release, expires grants, and gives the free
-- grant that is due. The caller holds the accounts' locks. A free grant is only given when an account is looked at, so that
-- one which nobody uses does not gather a row a day.
CREATE OR REPLACE FUNCTION ledger_refresh(p_now timestamptz, p_accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_account record;
  v_grant record;
  v_take int;
  v_posted int;
  v_reserved int;
  v_sequence int;
  v_free_credits int;
  v_free_unit text;
  v_local timestamp;
  v_next_free timestamptz;
  v_inserted uuid;
BEGIN
  SELECT l.free_credits, lower(l.free_period::text) INTO v_free_credits, v_free_unit
    FROM setting s JOIN price_list l ON l.id = s.value WHERE s.key = 'price-list';

  FOR v_account IN SELECT * FROM account WHERE id = ANY (p_accounts) ORDER BY id LOOP
    v_posted := v_account.posted;
    v_reserved := v_account.reserved;
    v_sequence := v_account.entry_sequence;
    v_next_free := v_account.next_free_grant_at;

    -- What was to be taken back once a call released it, then what is over.
    FOR v_grant IN
      SELECT g.id, g.credits, g.revenue_micros, g.used + g.expired + g.revoked AS gone, g.reserved, g.revoke_pending,
        g.credits - g.used - g.expired - g.revoked - g.reserved AS free, g.expires_at <= p_now IS TRUE AS over
      FROM "grant" g
      WHERE g.account_id = v_account.id AND NOT g.exhausted AND (g.expires_at <= p_now OR g.revoke_pending > 0)
        AND g.credits - g.used - g.expired - g.revoked - g.reserved > 0
      ORDER BY g.expires_at, g.id
    LOOP
      v_take := least(v_grant.free, v_grant.revoke_pending);
      IF v_take > 0 THEN
        UPDATE "grant" SET revoked = revoked + v_take, revoke_pending = revoke_pending - v_take,
          exhausted = (v_grant.gone + v_take = v_grant.credits) WHERE id = v_grant.id;
        v_posted := v_posted - v_take;
        v_sequence := v_sequence + 1;
        INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros, grant_id,
            reason, created_at)
          VALUES (v_account.id, v_sequence, 'REVOKE', -v_take, -v_take, 0, v_posted - v_reserved,
            earned(v_grant.revenue_micros, v_grant.credits, v_grant.gone) - earned(v_grant.revenue_micros, v_grant.credits, v_grant.gone + v_take),
            v_grant.id, 'Taken back when its call released it', p_now);
        v_grant.gone := v_grant.gone + v_take;
        v_grant.free := v_grant.free - v_take;
      END IF;
      IF v_grant.over AND v_grant.free > 0 THEN
        UPDATE "grant" SET expired = expired + v_grant.free, exhausted = (v_grant.reserved = 0) WHERE id = v_grant.id;
        v_posted := v_posted - v_grant.free;
        v_sequence := v_sequence + 1;
        INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros, grant_id, created_at)
          VALUES (v_account.id, v_sequence, 'EXPIRE_GRANT', -v_grant.free, -v_grant.free, 0, v_posted - v_reserved,
            earned(v_grant.revenue_micros, v_grant.credits, v_grant.gone) - earned(v_grant.revenue_micros, v_grant.credits, v_grant.gone + v_grant.free),
            v_grant.id, p_now);
      END IF;
    END LOOP;

    IF v_account.tier = 'FREE' AND v_free_credits > 0 AND (v_next_free IS NULL OR v_next_free <= p_now) THEN
      -- The period and its end are those of the account's own calendar: the next midnight there, whatever
      -- the clocks do in between.
      v_local := date_trunc(v_free_unit, p_now AT TIME ZONE v_account.time_zone);
      v_next_free := (v_local + ('1 ' || v_free_unit)::interval) AT TIME ZONE v_account.time_zone;
      INSERT INTO "grant" (id, account_id, source, credits, revenue_micros, priority, effective_at, expires_at, reason, period, created_at)
        VALUES (uuid_v7(p_now), v_account.id, 'DAILY_FREE', v_free_credits, 0, 0, p_now, v_next_free,
          'Free credits', to_char(v_local, 'YYYY-MM-DD'), p_now)
        ON CONFLICT (account_id, source, period) DO NOTHING
        RETURNING id INTO v_inserted;
      IF v_inserted IS NOT NULL THEN
        v_posted := v_posted + v_free_credits;
        v_sequence := v_sequence + 1;
        INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, grant_id, reason, created_at)
          VALUES (v_account.id, v_sequence, 'GRANT', v_free_credits, v_free_credits, 0, v_posted - v_reserved, v_inserted, 'Free credits', p_now);
      END IF;
    END IF;

    UPDATE account SET posted = v_posted, entry_sequence = v_sequence, next_free_grant_at = v_next_free, updated_at = p_now,
      next_expiry_at = (SELECT min(g.expires_at) FROM "grant" g
        WHERE g.account_id = v_account.id AND NOT g.exhausted
          AND g.credits - g.used - g.expired - g.revoked - g.reserved > 0)
      WHERE id = v_account.id;
  END LOOP;
END $$;

-- ------------------------------------------------------------------------------------------------ reserve, settle, reroute, grant

-- As before, and refuses what an account may not do that is barred from paid calls: after ACCOUNT_NOT_FOUND, ACCOUNT_BARRED.
DROP FUNCTION ledger_reserve;

CREATE FUNCTION ledger_reserve(p_now timestamptz, p_process uuid, p_retry boolean,
  i_id uuid[], i_account uuid[], i_credits int[], i_ceiling bigint[], i_namespace text[], i_key text[], i_hash text[],
  i_provider text[], i_operation text[], i_model text[], i_prompt text[], i_request jsonb[], i_cost uuid[], i_price uuid[],
  i_quote uuid[], i_sent boolean[], i_expires timestamptz[], i_cache text[], i_since timestamptz[], i_served uuid[])
RETURNS TABLE (outcome text, generation_id uuid, available int, tier tier, country text, plan text,
  scope budget_scope, resets_at timestamptz, reason text, served_by uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  n int; a int; w int; g int; t int; free int; need int; take int; hit int;
  i_count int := cardinality(i_id);
  i_a int[];
  a_id uuid[]; a_posted int[]; a_reserved int[]; a_sequence int[]; a_tier tier[]; a_country text[]; a_plan text[]; a_barred text[];
  a_grant int[];
  v_due uuid[];
  r_result uuid[]; r_hash text[];
  v_budgets int; v_global boolean;
  v_hour timestamptz := date_trunc('hour', p_now, 'UTC'); v_day timestamptz := date_trunc('day', p_now, 'UTC');
  v_month timestamptz := date_trunc('month', p_now, 'UTC');
  w_id bigint[]; w_scope budget_scope[]; w_subject text[]; w_limit bigint[]; w_action budget_action[]; w_used bigint[];
  w_added bigint[]; w_ends timestamptz[]; w_period budget_period[]; w_count int;
  g_id uuid[]; g_a int[]; g_free int[]; g_taken int[]; g_count int;
  o_outcome text[] := '{}'; o_generation uuid[] := '{}'; o_available int[] := '{}'; o_scope budget_scope[] := '{}'; o_resets timestamptz[] := '{}';
  v_applies int[]; v_windows text;
  x_windows text[] := '{}'; x_grants text[] := '{}'; x_taken text[] := '{}'; x_sequence int[] := '{}';
  v_admitted int[] := '{}'; v_count int := 0; v_accounts int[] := '{}'; v_used int[] := '{}';
  v_state protection_state; v_reason text; v_until timestamptz; v_state_changed boolean := false; v_by text := 'budget';
  v_refused boolean := false; v_existing uuid[] := '{}'; v_served uuid[] := i_served;
BEGIN
  -- Setting a budget or suspending the service takes this lock alone, so that neither can pass a reservation by.
  PERFORM pg_advisory_xact_lock_shared(7301002);

  -- Accounts, locked in order of id.
  SELECT array_agg(s.id), array_agg(s.posted), array_agg(s.reserved), array_agg(s.entry_sequence), array_agg(s.tier),
         array_agg(s.country), array_agg(s.plan_id), array_agg(s.barred_reason), array_agg(s.id) FILTER (WHERE s.due)
    INTO a_id, a_posted, a_reserved, a_sequence, a_tier, a_country, a_plan, a_barred, v_due
    FROM (SELECT acc.*, refresh_is_due(acc, p_now) AS due FROM account acc WHERE acc.id = ANY (i_account) ORDER BY acc.id FOR UPDATE) s;
  IF v_due IS NOT NULL THEN
    PERFORM ledger_refresh(p_now, v_due);
    SELECT array_agg(acc.posted ORDER BY acc.id), array_agg(acc.entry_sequence ORDER BY acc.id) INTO a_posted, a_sequence
      FROM account acc WHERE acc.id = ANY (a_id);
  END IF;

  -- Keys, in order; of two that are the same the first one's item. A key that another transaction is just using is
  -- waited for.
  INSERT INTO idempotency_record (namespace, key, operation, input_hash, result_id, created_at)
    SELECT s.namespace, s.key, i_operation[s.n], i_hash[s.n], i_id[s.n], p_now
    FROM (SELECT u.namespace, u.key, u.n FROM unnest(i_namespace, i_key) WITH ORDINALITY AS u(namespace, key, n)
          ORDER BY u.namespace COLLATE "C", u.key COLLATE "C", u.n) s
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n = i_count THEN
    -- Every key is new, and its record this item's own.
    r_result := i_id;
  ELSE
    SELECT array_agg(r.result_id ORDER BY u.ord), array_agg(r.input_hash ORDER BY u.ord) INTO r_result, r_hash
      FROM unnest(i_namespace, i_key) WITH ORDINALITY AS u(namespace, key, ord)
      JOIN idempotency_record r ON r.namespace = u.namespace AND r.key = u.key;
  END IF;
  IF p_retry THEN
    SELECT coalesce(array_agg(r.id), '{}') INTO v_existing FROM reservation r WHERE r.id = ANY (i_id);
  END IF;

  -- Windows of every budget that may apply, locked in order of id. The first call of a period finds that some are
  -- missing, locks none, makes them and looks again: who makes one may be waited for, and must not wait for a window.
  LOOP
    WITH applying AS MATERIALIZED (
      SELECT b.scope, b.subject, b.limit_micros, b.action, b.period, bw.id AS window_id
      FROM budget b LEFT JOIN budget_window bw ON bw.budget_id = b.id
        AND bw.starts_at = CASE b.period WHEN 'HOUR' THEN v_hour WHEN 'DAY' THEN v_day ELSE v_month END
      WHERE budget_applies(b, i_provider, i_operation, a_tier::text[], i_account::text[])
    )
    SELECT array_agg(s.id), array_agg(s.scope), array_agg(s.subject), array_agg(s.limit_micros), array_agg(s.action),
           array_agg(s.used), array_agg(0::bigint), array_agg(s.ends_at), array_agg(s.period), count(*), bool_and(s.scope = 'GLOBAL'),
           (SELECT count(*) FROM applying)
      INTO w_id, w_scope, w_subject, w_limit, w_action, w_used, w_added, w_ends, w_period, w_count, v_global, v_budgets
      FROM (SELECT bw.id, b.scope, b.subject, b.limit_micros, b.action, bw.spent_micros + bw.reserved_micros AS used, bw.ends_at, b.period
            FROM applying b JOIN budget_window bw ON bw.id = b.window_id
            WHERE (SELECT bool_and(applying.window_id IS NOT NULL) FROM applying)
            ORDER BY bw.id FOR UPDATE OF bw) s;
    EXIT WHEN w_count = v_budgets;
    INSERT INTO budget_window (budget_id, starts_at, ends_at)
      SELECT b.id, period_start(b.period, p_now), period_end(b.period, p_now) FROM budget b
      WHERE budget_applies(b, i_provider, i_operation, a_tier::text[], i_account::text[])
      ORDER BY b.id
      ON CONFLICT (budget_id, starts_at) DO NOTHING;
  END LOOP;

  -- Live grants in the order in which they burn, and the state of protection as it is now that the windows are locked.
  SELECT s.id, s.a, s.free, s.taken, s.count, p.state, p.reason, p.until
    INTO g_id, g_a, g_free, g_taken, g_count, v_state, v_reason, v_until
    FROM (SELECT array_agg(x.id) AS id, array_agg(array_position(a_id, x.account_id)) AS a, array_agg(x.free) AS free,
            array_agg(0) AS taken, count(*) AS count
          FROM (SELECT gr.id, gr.account_id, gr.credits - gr.used - gr.expired - gr.revoked - gr.reserved AS free
                FROM "grant" gr
                WHERE gr.account_id = ANY (a_id) AND NOT gr.exhausted AND (gr.expires_at IS NULL OR gr.expires_at > p_now)
                  AND gr.credits - gr.used - gr.expired - gr.revoked - gr.reserved > 0
                ORDER BY gr.account_id, gr.priority, gr.expires_at NULLS LAST, gr.revenue_micros > 0, gr.id) x) s
      LEFT JOIN protection p ON p.id = 1;
  IF v_state <> 'NORMAL' AND v_until <= p_now THEN
    v_state := 'NORMAL'; v_reason := NULL; v_state_changed := true;
  END IF;

  <<items>>
  FOR n IN 1..i_count LOOP
    a := array_position(a_id, i_account[n]);
    i_a[n] := a;
    IF r_result[n] <> i_id[n] THEN
      t := array_position(i_id, r_result[n]);
      IF r_hash[n] <> i_hash[n] THEN
        o_outcome[n] := 'CONFLICT';
      ELSIF t IS NULL OR o_outcome[t] IN ('RESERVED', 'EXISTING') THEN
        o_outcome[n] := 'REPLAY';
      ELSE
        -- The first with this key stands in this batch and was refused: so is this one.
        o_outcome[n] := o_outcome[t]; o_available[n] := o_available[t]; o_scope[n] := o_scope[t]; o_resets[n] := o_resets[t];
      END IF;
      o_generation[n] := r_result[n];
      CONTINUE items;
    END IF;
    free := a_posted[a] - a_reserved[a];
    o_available[n] := free;
    IF p_retry AND i_id[n] = ANY (v_existing) THEN
      o_outcome[n] := 'EXISTING';
      CONTINUE items;
    END IF;
    IF a IS NULL THEN
      o_outcome[n] := 'ACCOUNT_NOT_FOUND'; v_refused := true;
      CONTINUE items;
    END IF;
    IF a_barred[a] IS NOT NULL THEN
      o_outcome[n] := 'ACCOUNT_BARRED'; v_refused := true;
      CONTINUE items;
    END IF;
    IF v_state = 'SHUTDOWN' THEN
      o_outcome[n] := 'SHUTDOWN'; o_resets[n] := v_until; v_refused := true;
      CONTINUE items;
    END IF;
    need := i_credits[n];
    IF free < need THEN
      o_outcome[n] := 'INSUFFICIENT_CREDITS'; v_refused := true;
      CONTINUE items;
    END IF;

    -- The windows in which this call counts: the same for every call while all budgets are global.
    IF v_windows IS NULL OR NOT v_global THEN
      v_applies := '{}'; v_windows := '';
      FOR w IN 1..w_count LOOP
        IF w_scope[w] = 'GLOBAL' OR w_subject[w] = (CASE w_scope[w]
            WHEN 'PROVIDER' THEN i_provider[n] WHEN 'OPERATION' THEN i_operation[n]
            WHEN 'TIER' THEN a_tier[a]::text ELSE i_account[n]::text END) THEN
          v_applies := v_applies || w; v_windows := v_windows || ',' || w_id[w];
        END IF;
      END LOOP;
      v_windows := '{' || substr(v_windows, 2) || '}';
    END IF;

    -- Of the budgets that refuse, the one that counts shuts down rather than blocks, ends last, and is the narrowest.
    hit := 0;
    FOREACH w IN ARRAY v_applies LOOP
      IF w_used[w] + w_added[w] + i_ceiling[n] > w_limit[w] AND w_action[w] <> 'WARN'
          AND (hit = 0 OR (w_action[w], w_ends[w], w_scope[w]) > (w_action[hit], w_ends[hit], w_scope[hit])) THEN
        hit := w;
      END IF;
    END LOOP;
    IF hit > 0 THEN
      v_refused := true; o_scope[n] := w_scope[hit]; o_resets[n] := w_ends[hit];
      IF w_action[hit] = 'BLOCK' THEN
        o_outcome[n] := 'BUDGET_EXCEEDED';
      ELSE
        o_outcome[n] := 'SHUTDOWN';
        v_state := 'SHUTDOWN'; v_state_changed := true; v_until := w_ends[hit];
        v_reason := budget_reason(w_scope[hit], w_subject[hit], w_limit[hit], w_period[hit], 'used up');
      END IF;
      CONTINUE items;
    END IF;

    -- Admitted.
    FOREACH w IN ARRAY v_applies LOOP
      w_added[w] := w_added[w] + i_ceiling[n];
      IF w_used[w] + w_added[w] > w_limit[w] AND w_action[w] = 'WARN'
          AND (hit = 0 OR (w_ends[w], w_scope[w]) > (w_ends[hit], w_scope[hit])) THEN
        hit := w;
      END IF;
    END LOOP;
    IF hit > 0 AND v_state = 'NORMAL' THEN
      v_state := 'WARNING'; v_state_changed := true; v_until := w_ends[hit];
      v_reason := budget_reason(w_scope[hit], w_subject[hit], w_limit[hit], w_period[hit], 'passed');
    END IF;
    x_windows[n] := v_windows;

    g := a_grant[a];
    IF g IS NULL THEN
      g := coalesce(array_position(g_a, a), 0);
      v_accounts := v_accounts || a;
    END IF;
    o_available[n] := free - need;
    WHILE need > 0 LOOP
      IF g = 0 OR g > g_count OR g_a[g] <> a THEN
        RAISE EXCEPTION 'Account % has more credits available than its grants hold.', i_account[n] USING ERRCODE = 'data_corrupted';
      END IF;
      take := least(need, g_free[g]);
      IF take > 0 THEN
        IF g_taken[g] = 0 THEN v_used := v_used || g; END IF;
        IF x_grants[n] IS NULL THEN
          x_grants[n] := g_id[g]; x_taken[n] := take;
        ELSE
          x_grants[n] := x_grants[n] || ',' || g_id[g]; x_taken[n] := x_taken[n] || ',' || take;
        END IF;
        g_free[g] := g_free[g] - take; g_taken[g] := g_taken[g] + take; need := need - take;
      END IF;
      IF need > 0 THEN g := g + 1; END IF;
    END LOOP;
    a_grant[a] := g;
    a_reserved[a] := a_reserved[a] + i_credits[n];
    a_sequence[a] := a_sequence[a] + 1;
    x_sequence[n] := a_sequence[a];
    o_outcome[n] := 'RESERVED';
    v_count := v_count + 1;
    v_admitted[v_count] := n;
  END LOOP;

  -- What has been made before for an identical request, or is being made, serves again. No lock: whoever waits for one
  -- that fails makes its own. What is being made at low priority may take a day: only what has as much time waits for it.
  IF v_count > 0 AND cardinality(array_remove(i_since, NULL)) > 0 THEN
    SELECT array_agg(coalesce(u.served, (SELECT gen.id FROM generation gen WHERE gen.cache_key = u.cache AND u.since IS NOT NULL
          AND CASE WHEN gen.completed_at IS NULL
              THEN gen.request->>'priority' IS DISTINCT FROM 'LOW' OR u.request->>'priority' = 'LOW'
              ELSE gen.status = 'SUCCEEDED' AND gen.completed_at > u.since END
        ORDER BY gen.completed_at IS NULL, gen.id DESC LIMIT 1)) ORDER BY u.ord) INTO v_served
      FROM unnest(i_cache, i_since, i_served, i_request) WITH ORDINALITY AS u(cache, since, served, request, ord);
  END IF;

  -- All rows in one statement: what they share has been locked above, so that their order does not matter.
  IF v_count > 0 THEN
    WITH accounts AS (
      UPDATE account acc SET reserved = a_reserved[x.a], entry_sequence = a_sequence[x.a], updated_at = p_now
        FROM unnest(v_accounts) AS x(a) WHERE acc.id = a_id[x.a]
    ), grants AS (
      UPDATE "grant" gr SET reserved = gr.reserved + g_taken[x.g] FROM unnest(v_used) AS x(g) WHERE gr.id = g_id[x.g]
    ), entries AS (
      INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, generation_id, created_at)
        SELECT i_account[x.n], x_sequence[x.n], 'RESERVE', -i_credits[x.n], 0, i_credits[x.n], o_available[x.n], i_id[x.n], p_now
        FROM unnest(v_admitted) AS x(n)
    ), reservations AS (
      INSERT INTO reservation (id, account_id, credits_reserved, ceiling_micros, window_ids, grant_ids, grant_reserved, process_id,
          created_at, expires_at)
        SELECT i_id[x.n], i_account[x.n], i_credits[x.n], i_ceiling[x.n], x_windows[x.n]::bigint[],
          ('{' || coalesce(x_grants[x.n], '') || '}')::uuid[], ('{' || coalesce(x_taken[x.n], '') || '}')::int[], p_process, p_now, i_expires[x.n]
        FROM unnest(v_admitted) AS x(n)
    ), windows AS (
      UPDATE budget_window bw SET reserved_micros = bw.reserved_micros + w_added[x.w],
          admitted_limit_micros = CASE WHEN w_action[x.w] = 'WARN' THEN NULL ELSE w_limit[x.w] END
        FROM unnest(w_id) WITH ORDINALITY AS x(id, w) WHERE bw.id = x.id AND w_added[x.w] > 0
    )
    INSERT INTO generation (id, account_id, operation, status, provider, model, prompt, request, tier, country, plan_id, credits_reserved,
        model_cost_id, model_price_id, quote_id, sent_at, created_at, cache_key, served_by_id)
      SELECT i_id[x.n], i_account[x.n], i_operation[x.n]::operation, CASE WHEN i_sent[x.n] AND v_served[x.n] IS NULL THEN 'RUNNING' ELSE 'QUEUED' END::generation_status,
        i_provider[x.n], i_model[x.n], i_prompt[x.n], i_request[x.n], a_tier[i_a[x.n]], a_country[i_a[x.n]], a_plan[i_a[x.n]], i_credits[x.n],
        i_cost[x.n], i_price[x.n], i_quote[x.n], CASE WHEN i_sent[x.n] AND v_served[x.n] IS NULL THEN p_now END, p_now,
        CASE WHEN v_served[x.n] IS NULL THEN i_cache[x.n] END, v_served[x.n]
      FROM unnest(v_admitted) AS x(n);
  END IF;

  IF v_refused THEN
    DELETE FROM idempotency_record r
      USING unnest(i_namespace, i_key, i_id, o_outcome) AS u(namespace, key, id, outcome)
      WHERE r.namespace = u.namespace AND r.key = u.key AND r.result_id = u.id AND u.outcome NOT IN ('RESERVED', 'EXISTING');
  END IF;

  IF v_state_changed THEN
    UPDATE protection p SET state = v_state, reason = v_reason, since = CASE WHEN v_state = 'NORMAL' THEN p.until ELSE p_now END,
        changed_by = v_by, until = CASE WHEN v_state = 'NORMAL' THEN NULL ELSE v_until END
      -- Another transaction may have changed it since it was read: what is over may be left, and nothing is weakened.
      WHERE CASE v_state WHEN 'NORMAL' THEN p.state <> 'NORMAL' AND p.until <= p_now
        WHEN 'WARNING' THEN p.state = 'NORMAL' OR p.until <= p_now ELSE p.state <> 'SHUTDOWN' OR p.until <= p_now END;
    IF FOUND THEN
      INSERT INTO audit_log (id, at, actor, action, reason) VALUES (uuid_v7(p_now), p_now, v_by, 'protection.' || lower(v_state::text), v_reason);
    END IF;
  END IF;

  RETURN QUERY SELECT u.outcome, o_generation[u.n], o_available[u.n], a_tier[i_a[u.n]], a_country[i_a[u.n]], a_plan[i_a[u.n]], o_scope[u.n], o_resets[u.n],
      CASE u.outcome WHEN 'ACCOUNT_BARRED' THEN a_barred[i_a[u.n]] ELSE v_reason END, v_served[u.n]
    FROM unnest(o_outcome) WITH ORDINALITY AS u(outcome, n) ORDER BY u.n;
END $$;

-- As before, but that what leaves a grant earns its part of all that leaves it, and that attempts count in every summary.
CREATE OR REPLACE FUNCTION ledger_settle(p_now timestamptz,
  i_id uuid[], i_action text[], i_credits int[], i_status text[], i_provider text[], i_model text[], i_failure_code text[],
  i_failure_message text[], i_failure_retryable boolean[], i_retry_after int[], i_attempt int[], i_cached boolean[],
  t_item int[], t_number int[], t_provider text[], t_model text[], t_outcome text[], t_cost bigint[], t_cost_source text[],
  t_model_cost uuid[], t_duration int[], t_job text[], t_error text[], t_started timestamptz[], t_final boolean[],
  f_item int[], f_id uuid[], f_position int[], f_sha256 text[], f_content_type text[], f_bytes int[], f_width int[], f_height int[],
  f_duration double precision[])
RETURNS TABLE (outcome text, account_id uuid, credits_charged int, cost_micros bigint, revenue_micros bigint,
  posted int, reserved int)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  n int; a int; w int; g int; k int; t int; take int; left_over int; gained bigint;
  r record; z record;
  i_count int := cardinality(i_id); t_count int := cardinality(t_item);
  a_id uuid[]; a_posted int[]; a_reserved int[]; a_sequence int[]; a_changed boolean[]; a_expiry timestamptz[];
  s_a int[]; s_operation operation[]; s_tier tier[]; s_country text[]; s_plan text[]; s_cost bigint[]; s_k int[];
  g_id uuid[] := '{}'; g_gone int[]; g_burned int[]; g_released int[]; g_count int := 0;
  k_windows text[] := '{}'; k_spent bigint[]; k_reserved bigint[]; k_excess bigint[]; k_count int := 0;
  w_id bigint[]; w_spent bigint[]; w_reserved bigint[]; w_excess bigint[];
  o_outcome text[] := array_fill('NOT_FOUND'::text, ARRAY[i_count]); o_posted int[] := array_fill(0, ARRAY[i_count]);
  o_revenue bigint[] := array_fill(0::bigint, ARRAY[i_count]); o_cost bigint[] := array_fill(0::bigint, ARRAY[i_count]);
  x_posted text[]; x_revenue text[]; x_sequence int[]; x_reserved int[]; x_available int[];
  v_accounts int[] := '{}'; v_settled int[] := '{}'; v_count int := 0; v_attempts int[] := '{}'; v_lines int[];
  t_sign int[]; t_booked timestamptz[];
  v_due uuid[];
  v_late int[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7301002);

  SELECT array_agg(s.id), array_agg(s.posted), array_agg(s.reserved), array_agg(s.entry_sequence), array_agg(false), array_agg(NULL::timestamptz),
         array_agg(s.id) FILTER (WHERE s.due)
    INTO a_id, a_posted, a_reserved, a_sequence, a_changed, a_expiry, v_due
    FROM (SELECT acc.*, refresh_is_due(acc, p_now) AS due FROM account acc WHERE acc.id IN (SELECT r.account_id FROM reservation r WHERE r.id = ANY (i_id))
          ORDER BY acc.id FOR UPDATE) s;

  FOR t IN 1..t_count LOOP
    o_cost[t_item[t]] := o_cost[t_item[t]] + t_cost[t];
  END LOOP;

  -- Reservations, locked in order of id, a row for each grant that one has credits of. A reservation and a grant change
  -- only under their account's lock, so what is read here stays true.
  FOR r IN
    SELECT array_position(i_id, res.id) AS n, res.account_id, res.status, res.credits_reserved, res.credits_posted, res.ceiling_micros,
        res.cost_micros, res.window_ids::text AS windows, gen.operation, gen.tier, gen.country, gen.plan_id, gen.revenue_micros AS revenue, gen.attempt_number,
        part.position, part.grant_id, part.credits AS part, gr.credits, gr.used + gr.expired + gr.revoked AS gone,
        gr.revenue_micros, gr.expires_at, gr.revoke_pending
      FROM (SELECT x.* FROM reservation x WHERE x.id = ANY (i_id) ORDER BY x.id FOR NO KEY UPDATE) res
        LEFT JOIN generation gen ON gen.id = res.id
        LEFT JOIN LATERAL unnest(res.grant_ids, res.grant_reserved) WITH ORDINALITY AS part(grant_id, credits, position) ON true
        LEFT JOIN "grant" gr ON gr.id = part.grant_id
      ORDER BY n, part.position
  LOOP
    IF r.position > 1 IS NOT TRUE THEN
      n := r.n;
      a := array_position(a_id, r.account_id);
      s_a[n] := a;
      IF r.status = 'POSTED' OR i_attempt[n] < r.attempt_number THEN
        o_outcome[n] := CASE WHEN i_attempt[n] < r.attempt_number THEN 'FOLLOWED' ELSE 'ALREADY' END;
        o_posted[n] := r.credits_posted; o_revenue[n] := r.revenue; o_cost[n] := r.cost_micros;
      ELSE
        s_operation[n] := r.operation; s_tier[n] := r.tier; s_country[n] := r.country; s_plan[n] := r.plan_id;
        -- Calls that count in the same windows are added up together.
        IF k_count = 0 OR r.windows <> k_windows[k] THEN
          k := array_position(k_windows, r.windows);
          IF k IS NULL THEN
            k_count := k_count + 1; k := k_count;
            k_windows[k] := r.windows; k_spent[k] := 0; k_reserved[k] := 0; k_excess[k] := 0;
          END IF;
        END IF;
        IF r.status <> 'PENDING' THEN
          o_outcome[n] := 'LATE'; v_late := v_late || n; s_cost[n] := r.cost_micros; s_k[n] := k;
        ELSE
          o_outcome[n] := 'SETTLED';
          v_count := v_count + 1; v_settled[v_count] := n;
          left_over := 0;
          IF i_action[n] = 'POST' THEN
            left_over := i_credits[n];
            IF left_over < 0 OR left_over > r.credits_reserved THEN
              RAISE EXCEPTION 'Generation % would post % of % reserved credits.', i_id[n], left_over, r.credits_reserved USING ERRCODE = 'check_violation';
            END IF;
            o_posted[n] := left_over;
            a_posted[a] := a_posted[a] - left_over;
          END IF;
          x_reserved[n] := r.credits_reserved;
          a_reserved[a] := a_reserved[a] - r.credits_reserved;
          IF NOT a_changed[a] THEN
            a_changed[a] := true; v_accounts := v_accounts || a;
          END IF;
          a_sequence[a] := a_sequence[a] + 1;
          x_sequence[n] := a_sequence[a];
          x_available[n] := a_posted[a] - a_reserved[a];
          -- What it costs now, against what had been allowed for it.
          k_spent[k] := k_spent[k] + o_cost[n];
          k_reserved[k] := k_reserved[k] - r.ceiling_micros;
          IF o_cost[n] > r.ceiling_micros THEN k_excess[k] := k_excess[k] + o_cost[n] - r.ceiling_micros; END IF;
          -- Attempts before the last are in their own windows already.
          o_cost[n] := o_cost[n] + r.cost_micros;
        END IF;
      END IF;
    END IF;

    IF o_outcome[n] = 'SETTLED' AND r.position > 0 THEN
      g := array_position(g_id, r.grant_id);
      IF g IS NULL THEN
        g_count := g_count + 1; g := g_count;
        g_id[g] := r.grant_id; g_gone[g] := r.gone; g_burned[g] := 0; g_released[g] := 0;
      END IF;
      take := least(left_over, r.part);
      gained := 0;
      IF take > 0 THEN
        gained := earned(r.revenue_micros, r.credits, g_gone[g] + take) - earned(r.revenue_micros, r.credits, g_gone[g]);
        g_gone[g] := g_gone[g] + take;
        g_burned[g] := g_burned[g] + take;
        o_revenue[n] := o_revenue[n] + gained;
        left_over := left_over - take;
      END IF;
      IF r.position = 1 THEN
        x_posted[n] := take; x_revenue[n] := gained;
      ELSE
        x_posted[n] := x_posted[n] || ',' || take; x_revenue[n] := x_revenue[n] || ',' || gained;
      END IF;
      g_released[g] := g_released[g] + r.part;
      IF r.expires_at IS NOT NULL AND take < r.part THEN
        a_expiry[a] := least(a_expiry[a], r.expires_at);
        -- Credits that came back to a grant which has expired meanwhile are gone at once, so that the balance told is true.
        IF r.expires_at <= p_now THEN v_due := v_due || r.account_id; END IF;
      END IF;
      -- So are those that somebody has taken back meanwhile.
      IF r.revoke_pending > 0 AND take < r.part THEN v_due := v_due || r.account_id; END IF;
    END IF;
  END LOOP;

  FOR n IN 1..i_count LOOP
    IF o_outcome[n] = 'NOT_FOUND' THEN
      IF array_position(i_id, i_id[n]) <> n THEN
        RAISE EXCEPTION 'A batch to be settled names a reservation twice.' USING ERRCODE = 'cardinality_violation';
      END IF;
      o_cost[n] := 0;
    END IF;
  END LOOP;
  FOR t IN 1..t_count LOOP
    IF o_outcome[t_item[t]] IN ('SETTLED', 'LATE') THEN
      v_attempts := v_attempts || t; t_sign[t] := 1; t_booked[t] := p_now;
    END IF;
  END LOOP;
  v_lines := v_attempts;

  -- An attempt that stands already is corrected at the time at which it was booked, and with the provider and model under
  -- which it was: what it had added to the sums is taken out. Only what comes late can meet one, since attempts are only
  -- booked here. None of them has charged or earned anything.
  IF v_late IS NOT NULL THEN
    FOR z IN
      SELECT x.t, att.provider, att.model, att.outcome, att.cost_micros, att.duration_ms, att.booked_at
      FROM unnest(v_attempts) AS x(t) JOIN attempt att ON att.generation_id = i_id[t_item[x.t]] AND att.number = t_number[x.t]
    LOOP
      t := z.t; n := t_item[t];
      t_provider[t] := z.provider; t_model[t] := z.model; t_booked[t] := z.booked_at;
      o_cost[n] := o_cost[n] - z.cost_micros;
      t_count := t_count + 1; v_lines := v_lines || t_count;
      t_item[t_count] := n; t_provider[t_count] := z.provider; t_model[t_count] := z.model; t_outcome[t_count] := z.outcome;
      t_cost[t_count] := z.cost_micros; t_duration[t_count] := z.duration_ms; t_sign[t_count] := -1; t_booked[t_count] := z.booked_at;
    END LOOP;
    FOREACH n IN ARRAY v_late LOOP
      k := s_k[n];
      k_spent[k] := k_spent[k] + o_cost[n];
      k_excess[k] := k_excess[k] + greatest(o_cost[n], 0);
      o_cost[n] := s_cost[n] + o_cost[n];
    END LOOP;
    UPDATE reservation res SET cost_micros = o_cost[x.n] FROM unnest(v_late) AS x(n) WHERE res.id = i_id[x.n];
    UPDATE generation gen SET cost_micros = o_cost[x.n] FROM unnest(v_late) AS x(n) WHERE gen.id = i_id[x.n];
  END IF;

  -- All rows in one statement. Accounts and reservations have been locked above and stand for their grants, generations,
  -- attempts and outputs.
  IF v_attempts <> '{}' OR v_count > 0 THEN
    WITH accounts AS (
      UPDATE account acc SET posted = a_posted[x.a], reserved = a_reserved[x.a], entry_sequence = a_sequence[x.a], updated_at = p_now,
          next_expiry_at = least(acc.next_expiry_at, a_expiry[x.a])
        FROM unnest(v_accounts) AS x(a) WHERE acc.id = a_id[x.a]
    ), grants AS (
      UPDATE "grant" gr SET used = gr.used + g_burned[x.g], reserved = gr.reserved - g_released[x.g],
          exhausted = (gr.used + g_burned[x.g] + gr.expired + gr.revoked = gr.credits),
          revoke_pending = least(gr.revoke_pending, gr.credits - gr.used - g_burned[x.g] - gr.expired - gr.revoked)
        FROM unnest(g_id) WITH ORDINALITY AS x(id, g) WHERE gr.id = x.id
    ), entries AS (
      INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after,
          deferred_delta_micros, generation_id, created_at)
        SELECT a_id[s_a[x.n]], x_sequence[x.n],
          CASE i_action[x.n] WHEN 'POST' THEN 'POST' WHEN 'VOID' THEN 'VOID' ELSE 'EXPIRE_RESERVATION' END::entry_kind,
          x_reserved[x.n] - o_posted[x.n], -o_posted[x.n], -x_reserved[x.n], x_available[x.n], -o_revenue[x.n], i_id[x.n], p_now
        FROM unnest(v_settled) AS x(n)
    ), reservations AS (
      UPDATE reservation res SET
          status = CASE i_action[x.n] WHEN 'POST' THEN 'POSTED' WHEN 'VOID' THEN 'VOIDED' ELSE 'EXPIRED' END::reservation_status,
          resolved_at = p_now, credits_posted = o_posted[x.n], cost_micros = o_cost[x.n],
          grant_posted = ('{' || coalesce(x_posted[x.n], '') || '}')::int[],
          grant_revenue = ('{' || coalesce(x_revenue[x.n], '') || '}')::bigint[]
        FROM unnest(v_settled) AS x(n) WHERE res.id = i_id[x.n]
    ), generations AS (
      UPDATE generation gen SET status = i_status[x.n]::generation_status, provider = coalesce(i_provider[x.n], gen.provider),
          model = coalesce(i_model[x.n], gen.model), credits_charged = o_posted[x.n], revenue_micros = o_revenue[x.n],
          cost_micros = o_cost[x.n], completed_at = p_now, failure_code = i_failure_code[x.n], failure_message = i_failure_message[x.n],
          failure_retryable = i_failure_retryable[x.n], retry_after_seconds = i_retry_after[x.n], cached = i_cached[x.n]
        FROM unnest(v_settled) AS x(n) WHERE gen.id = i_id[x.n]
    ), outputs AS (
      INSERT INTO output (id, generation_id, position, sha256, content_type, bytes, width, height, duration_seconds)
        SELECT f_id[x.f], i_id[x.n], f_position[x.f], f_sha256[x.f], f_content_type[x.f], f_bytes[x.f], f_width[x.f], f_height[x.f], f_duration[x.f]
        FROM unnest(f_item) WITH ORDINALITY AS x(n, f) WHERE o_outcome[x.n] = 'SETTLED' AND i_action[x.n] = 'POST'
    )
    INSERT INTO attempt AS att (generation_id, number, provider, model, operation, account_id, tier, country, plan_id, outcome, cost_micros,
        cost_source, model_cost_id, credits_charged, revenue_micros, duration_ms, job_id, error, started_at, booked_at)
      SELECT i_id[x.n], t_number[x.t], t_provider[x.t], t_model[x.t], s_operation[x.n], a_id[s_a[x.n]], s_tier[x.n], s_country[x.n], s_plan[x.n],
        t_outcome[x.t]::attempt_outcome, t_cost[x.t], t_cost_source[x.t], t_model_cost[x.t],
        CASE WHEN t_final[x.t] AND o_outcome[x.n] = 'SETTLED' THEN o_posted[x.n] ELSE 0 END,
        CASE WHEN t_final[x.t] AND o_outcome[x.n] = 'SETTLED' THEN o_revenue[x.n] ELSE 0 END,
        t_duration[x.t], t_job[x.t], t_error[x.t], t_started[x.t], p_now
      FROM (SELECT u.t, t_item[u.t] AS n FROM unnest(v_attempts) AS u(t)) x
      ON CONFLICT (generation_id, number) DO UPDATE SET outcome = excluded.outcome, cost_micros = excluded.cost_micros,
        cost_source = excluded.cost_source, duration_ms = excluded.duration_ms, job_id = coalesce(excluded.job_id, att.job_id),
        error = excluded.error;
  END IF;

  -- Summaries are locked here, in order of key.
  IF v_lines <> '{}' THEN
    PERFORM summary_add(ARRAY(
      SELECT ROW(t_booked[x.t], t_provider[x.t], t_model[x.t], s_operation[x.n], s_tier[x.n], coalesce(s_country[x.n], ''),
          coalesce(s_plan[x.n], ''), a_id[s_a[x.n]], t_sign[x.t], CASE WHEN x.succeeded THEN t_sign[x.t] ELSE 0 END,
          CASE WHEN x.succeeded THEN 0 ELSE t_sign[x.t] END, CASE WHEN t_cost_source[x.t] = 'cache' THEN 1 ELSE 0 END,
          CASE WHEN x.charged THEN o_posted[x.n] ELSE 0 END, t_sign[x.t] * t_cost[x.t],
          -- Lost is what was paid for a customer who had the credits back: every failure, and a success that came to nothing.
          CASE WHEN x.succeeded AND x.settled AND i_action[x.n] = 'POST' THEN 0 ELSE t_sign[x.t] * t_cost[x.t] END,
          CASE WHEN x.charged THEN o_revenue[x.n] ELSE 0 END, t_sign[x.t] * t_duration[x.t])::summary_line
        FROM (SELECT u.t, t_item[u.t] AS n, t_outcome[u.t] = 'SUCCEEDED' AS succeeded, o_outcome[t_item[u.t]] = 'SETTLED' AS settled,
                o_outcome[t_item[u.t]] = 'SETTLED' AND t_final[u.t] AS charged
              FROM unnest(v_lines) AS u(t)) x));
  END IF;

  IF v_due IS NOT NULL THEN
    PERFORM ledger_refresh(p_now, v_due);
    SELECT array_agg(acc.posted ORDER BY acc.id) INTO a_posted FROM account acc WHERE acc.id = ANY (a_id);
  END IF;

  -- Windows last and in order of id: every reservation of the budget waits for them until this is committed.
  IF k_count = 1 THEN
    w_id := k_windows[1]::bigint[];
    w_spent := array_fill(k_spent[1], ARRAY[cardinality(w_id)]); w_reserved := array_fill(k_reserved[1], ARRAY[cardinality(w_id)]);
    w_excess := array_fill(k_excess[1], ARRAY[cardinality(w_id)]);
  ELSIF k_count > 1 THEN
    SELECT array_agg(s.id), array_agg(s.spent), array_agg(s.reserved), array_agg(s.excess) INTO w_id, w_spent, w_reserved, w_excess
      FROM (SELECT x.id, sum(k_spent[u.k])::bigint AS spent, sum(k_reserved[u.k])::bigint AS reserved, sum(k_excess[u.k])::bigint AS excess
            FROM unnest(k_windows) WITH ORDINALITY AS u(windows, k) CROSS JOIN LATERAL unnest(u.windows::bigint[]) AS x(id)
            GROUP BY x.id ORDER BY x.id) s;
  END IF;
  FOR w IN 1..coalesce(cardinality(w_id), 0) LOOP
    UPDATE budget_window bw SET spent_micros = bw.spent_micros + w_spent[w], reserved_micros = bw.reserved_micros + w_reserved[w],
        excess_micros = bw.excess_micros + w_excess[w]
      WHERE bw.id = w_id[w] AND (w_spent[w] <> 0 OR w_reserved[w] <> 0 OR w_excess[w] <> 0);
  END LOOP;

  RETURN QUERY SELECT u.outcome, a_id[s_a[u.n]], o_posted[u.n], o_cost[u.n], o_revenue[u.n], a_posted[s_a[u.n]], a_reserved[s_a[u.n]]
    FROM unnest(o_outcome) WITH ORDINALITY AS u(outcome, n) ORDER BY u.n;
END $$;

CREATE OR REPLACE FUNCTION ledger_reroute(p_now timestamptz, p_process uuid, p_generation uuid, p_failed jsonb,
  p_provider text, p_model text, p_model_cost uuid, p_ceiling bigint, p_expires timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_reservation reservation;
  v_generation generation;
  v_attempt record;
  v_state protection_state;
  v_windows bigint[];
  v_blocked boolean;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7301002);
  PERFORM 1 FROM account WHERE id = (SELECT r.account_id FROM reservation r WHERE r.id = p_generation) FOR UPDATE;
  SELECT * INTO v_reservation FROM reservation r WHERE r.id = p_generation FOR NO KEY UPDATE;
  -- Locked, so that a customer who gives it up does so before this, or gives up the next attempt.
  SELECT * INTO v_generation FROM generation g WHERE g.id = p_generation FOR NO KEY UPDATE;
  SELECT * INTO v_attempt FROM jsonb_to_record(p_failed) AS x(number int, provider text, model text, outcome attempt_outcome,
    cost bigint, "costSource" text, "modelCostId" uuid, "durationMs" int, "jobId" text, error text, "startedAt" timestamptz);
  IF v_reservation.status IS DISTINCT FROM 'PENDING' OR v_generation.attempt_number <> v_attempt.number
      OR v_generation.cancel_requested_at IS NOT NULL THEN
    RETURN 'STALE';
  END IF;
  SELECT CASE WHEN p.until <= p_now THEN 'NORMAL' ELSE p.state END INTO v_state FROM protection p;
  IF v_state = 'SHUTDOWN' THEN
    RETURN 'SHUTDOWN';
  END IF;

  INSERT INTO attempt (generation_id, number, provider, model, operation, account_id, tier, country, plan_id, outcome, cost_micros,
      cost_source, model_cost_id, credits_charged, revenue_micros, duration_ms, job_id, error, started_at, booked_at, window_ids)
    VALUES (p_generation, v_attempt.number, v_attempt.provider, v_attempt.model, v_generation.operation,
      v_generation.account_id, v_generation.tier, v_generation.country, v_generation.plan_id, v_attempt.outcome, v_attempt.cost, v_attempt."costSource",
      v_attempt."modelCostId", 0, 0, v_attempt."durationMs", v_attempt."jobId", v_attempt.error, v_attempt."startedAt", p_now,
      v_reservation.window_ids);
  PERFORM summary_add(ARRAY[ROW(p_now, v_attempt.provider, v_attempt.model, v_generation.operation, v_generation.tier,
    coalesce(v_generation.country, ''), coalesce(v_generation.plan_id, ''), v_generation.account_id, 1, 0, 1, 0, 0, v_attempt.cost,
    v_attempt.cost, 0, v_attempt."durationMs")::summary_line]);

  -- Windows of budgets that do not ask for the provider stay those in which the generation was admitted; those of the
  -- old provider keep what its attempt cost, and of the new one the present windows apply.
  INSERT INTO budget_window (budget_id, starts_at, ends_at)
    SELECT b.id, period_start(b.period, p_now), period_end(b.period, p_now) FROM budget b
    WHERE b.scope = 'PROVIDER' AND b.subject = p_provider ORDER BY b.id
    ON CONFLICT (budget_id, starts_at) DO NOTHING;
  SELECT coalesce(array_agg(bw.id ORDER BY bw.id), '{}') INTO v_windows FROM budget_window bw JOIN budget b ON b.id = bw.budget_id
    WHERE (b.scope <> 'PROVIDER' AND bw.id = ANY (v_reservation.window_ids))
      OR (b.scope = 'PROVIDER' AND b.subject = p_provider AND bw.starts_at = period_start(b.period, p_now));
  PERFORM 1 FROM budget_window bw WHERE bw.id = ANY (v_reservation.window_ids || v_windows) ORDER BY bw.id FOR UPDATE;
  UPDATE budget_window bw SET reserved_micros = bw.reserved_micros - v_reservation.ceiling_micros,
      spent_micros = bw.spent_micros + v_attempt.cost,
      excess_micros = bw.excess_micros + greatest(v_attempt.cost - v_reservation.ceiling_micros, 0)
    WHERE bw.id = ANY (v_reservation.window_ids);
  SELECT bool_or(bw.spent_micros + bw.reserved_micros + p_ceiling > b.limit_micros) INTO v_blocked
    FROM budget_window bw JOIN budget b ON b.id = bw.budget_id WHERE bw.id = ANY (v_windows) AND b.action <> 'WARN';
  IF v_blocked THEN
    RETURN 'BUDGET_EXCEEDED';
  END IF;
  UPDATE budget_window bw SET reserved_micros = bw.reserved_micros + p_ceiling,
      admitted_limit_micros = CASE WHEN b.action = 'WARN' THEN NULL ELSE b.limit_micros END
    FROM budget b WHERE b.id = bw.budget_id AND bw.id = ANY (v_windows);

  UPDATE reservation SET ceiling_micros = p_ceiling, cost_micros = cost_micros + v_attempt.cost, window_ids = v_windows,
      process_id = p_process, expires_at = p_expires
    WHERE id = p_generation;
  UPDATE generation SET provider = p_provider, model = p_model, model_cost_id = p_model_cost, cost_micros = cost_micros + v_attempt.cost,
      attempt_number = v_attempt.number + 1, status = 'RUNNING', sent_at = p_now, job_id = NULL, progress = NULL
    WHERE id = p_generation;
  RETURN 'REROUTED';
END $$;

CREATE OR REPLACE FUNCTION ledger_grant(p_now timestamptz, p_id uuid, p_account uuid, p_namespace text, p_key text, p_hash text,
  p_source grant_source, p_credits int, p_revenue bigint, p_priority int, p_expires timestamptz, p_reason text, p_actor text)
RETURNS TABLE (outcome text, grant_id uuid, posted int, reserved int) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_account account;
  v_record idempotency_record;
BEGIN
  SELECT * INTO v_account FROM account acc WHERE acc.id = p_account FOR UPDATE;
  IF refresh_is_due(v_account, p_now) THEN
    PERFORM ledger_refresh(p_now, ARRAY[p_account]);
    SELECT * INTO v_account FROM account acc WHERE acc.id = p_account;
  END IF;
  INSERT INTO idempotency_record (namespace, key, operation, input_hash, result_id, created_at)
    VALUES (p_namespace, p_key, 'GRANT', p_hash, p_id, p_now) ON CONFLICT DO NOTHING;
  SELECT * INTO v_record FROM idempotency_record r WHERE r.namespace = p_namespace AND r.key = p_key;
  IF v_record.result_id <> p_id OR EXISTS (SELECT 1 FROM "grant" gr WHERE gr.id = p_id) THEN
    RETURN QUERY SELECT CASE WHEN v_record.input_hash = p_hash THEN 'REPLAY' ELSE 'CONFLICT' END, v_record.result_id, v_account.posted, v_account.reserved;
    RETURN;
  END IF;
  IF v_account.id IS NULL OR v_account.posted::bigint + p_credits > 2000000000 THEN
    DELETE FROM idempotency_record r WHERE r.namespace = p_namespace AND r.key = p_key;
    RETURN QUERY SELECT CASE WHEN v_account.id IS NULL THEN 'ACCOUNT_NOT_FOUND' ELSE 'TOO_MANY' END, NULL::uuid, v_account.posted, v_account.reserved;
    RETURN;
  END IF;
  INSERT INTO "grant" (id, account_id, source, credits, revenue_micros, priority, effective_at, expires_at, reason, created_at)
    VALUES (p_id, p_account, p_source, p_credits, p_revenue, p_priority, p_now, p_expires, p_reason, p_now);
  INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros,
      grant_id, reason, created_at)
    VALUES (p_account, v_account.entry_sequence + 1, 'GRANT', p_credits, p_credits, 0, v_account.posted + p_credits - v_account.reserved,
      p_revenue, p_id, p_reason, p_now);
  UPDATE account SET posted = account.posted + p_credits, entry_sequence = entry_sequence + 1, updated_at = p_now,
    next_expiry_at = least(next_expiry_at, p_expires) WHERE id = p_account;
  INSERT INTO audit_log (id, at, actor, action, subject, reason, detail)
    VALUES (uuid_v7(p_now), p_now, p_actor, 'credits.grant', p_account::text, p_reason, jsonb_build_object('grant', p_id, 'credits', p_credits));
  RETURN QUERY SELECT 'GRANTED', p_id, v_account.posted + p_credits, v_account.reserved;
END $$;

-- ------------------------------------------------------------------------------------------------ take back

-- Takes back at most p_credits of what is left of a grant: what is free now, and what calls under way hold of it once they
-- release it; what they burn stays burned. A part of the caller's transaction, which sees to it that it happens once.
--
-- Answers how many were revoked now, how many wait for their release, and what the former would have earned.
CREATE FUNCTION ledger_take_back(p_now timestamptz, p_grant uuid, p_credits int, p_reason text)
RETURNS TABLE (revoked int, pending int, deferred_micros bigint, account_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_account account;
  v_grant "grant";
  v_gone int;
  v_take int;
  v_wait int;
  v_deferred bigint;
BEGIN
  SELECT * INTO v_account FROM account acc WHERE acc.id = (SELECT gr.account_id FROM "grant" gr WHERE gr.id = p_grant) FOR UPDATE;
  IF v_account.id IS NULL THEN
    RETURN;
  END IF;
  IF refresh_is_due(v_account, p_now) THEN
    PERFORM ledger_refresh(p_now, ARRAY[v_account.id]);
    SELECT * INTO v_account FROM account acc WHERE acc.id = v_account.id;
  END IF;
  SELECT * INTO v_grant FROM "grant" gr WHERE gr.id = p_grant;
  v_gone := v_grant.used + v_grant.expired + v_grant.revoked;
  v_take := least(greatest(p_credits, 0), v_grant.credits - v_gone - v_grant.reserved);
  v_wait := least(greatest(p_credits, 0) - v_take, v_grant.reserved - v_grant.revoke_pending);
  v_deferred := earned(v_grant.revenue_micros, v_grant.credits, v_gone + v_take) - earned(v_grant.revenue_micros, v_grant.credits, v_gone);
  UPDATE "grant" gr SET revoked = gr.revoked + v_take, revoke_pending = gr.revoke_pending + v_wait,
    exhausted = (v_gone + v_take = gr.credits) WHERE gr.id = p_grant;
  IF v_take > 0 THEN
    INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros,
        grant_id, reason, created_at)
      VALUES (v_account.id, v_account.entry_sequence + 1, 'REVOKE', -v_take, -v_take, 0, v_account.posted - v_take - v_account.reserved,
        -v_deferred, p_grant, p_reason, p_now);
    UPDATE account acc SET posted = acc.posted - v_take, entry_sequence = acc.entry_sequence + 1, updated_at = p_now WHERE acc.id = v_account.id;
  END IF;
  RETURN QUERY SELECT v_take, v_wait, v_deferred, v_account.id;
END $$;
