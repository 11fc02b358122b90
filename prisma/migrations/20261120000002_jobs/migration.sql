-- AlterTable
ALTER TABLE "generation" ADD COLUMN     "attempt_number" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "cache_key" TEXT,
ADD COLUMN     "cancel_requested_at" TIMESTAMPTZ(6),
ADD COLUMN     "input_sha256" TEXT,
ADD COLUMN     "progress" DOUBLE PRECISION,
ADD COLUMN     "served_by_id" UUID;

-- AlterTable
ALTER TABLE "hourly_summary" ADD COLUMN     "cache_hits" INTEGER NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "generation_cache_key_idx" ON "generation"("cache_key");

-- AlterTable
ALTER TABLE "attempt" ADD COLUMN     "window_ids" BIGINT[];

-- CreateTable
CREATE TABLE "provider_circuit" (
    "provider" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,
    "until" TIMESTAMPTZ(6) NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "provider_circuit_pkey" PRIMARY KEY ("provider")
);

-- A vendor's report may name nothing but its job. Only generations that became one are in it, so that the others' rows
-- are updated without any index hearing of it.
CREATE INDEX generation_job ON generation (job_id) WHERE job_id IS NOT NULL;

-- Sends a generation on to another model after an attempt that made nothing: books that attempt with what it cost, in the
-- windows that had held it, reserves the new ceiling in those that apply now, and makes the generation the next attempt's.
-- All or nothing, and once: whoever comes with a number that is no longer the present one gets STALE.
--
-- What is sent on is a new call: a shutdown, or a budget without room for it, stops it, and the caller then settles the
-- generation as it is. The locks are taken in the order of the ledger's. The caller rolls back what is not REROUTED.
--
-- Outcomes: REROUTED, STALE, SHUTDOWN, BUDGET_EXCEEDED.
CREATE FUNCTION ledger_reroute(p_now timestamptz, p_process uuid, p_generation uuid, p_failed jsonb,
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

  INSERT INTO attempt (generation_id, number, provider, model, operation, account_id, tier, country, outcome, cost_micros,
      cost_source, model_cost_id, credits_charged, revenue_micros, duration_ms, job_id, error, started_at, booked_at, window_ids)
    VALUES (p_generation, v_attempt.number, v_attempt.provider, v_attempt.model, v_generation.operation,
      v_generation.account_id, v_generation.tier, v_generation.country, v_attempt.outcome, v_attempt.cost, v_attempt."costSource",
      v_attempt."modelCostId", 0, 0, v_attempt."durationMs", v_attempt."jobId", v_attempt.error, v_attempt."startedAt", p_now,
      v_reservation.window_ids);
  INSERT INTO hourly_summary AS h (hour, provider, model, operation, tier, country, calls, succeeded, failed, credits, cost_micros,
      lost_cost_micros, revenue_micros, duration_ms)
    VALUES (date_trunc('hour', p_now, 'UTC'), v_attempt.provider, v_attempt.model, v_generation.operation, v_generation.tier,
      coalesce(v_generation.country, ''), 1, 0, 1, 0, v_attempt.cost, v_attempt.cost, 0, v_attempt."durationMs")
    ON CONFLICT (hour, provider, model, operation, tier, country) DO UPDATE SET
      calls = h.calls + 1, failed = h.failed + 1, cost_micros = h.cost_micros + excluded.cost_micros,
      lost_cost_micros = h.lost_cost_micros + excluded.lost_cost_micros, duration_ms = h.duration_ms + excluded.duration_ms;

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
