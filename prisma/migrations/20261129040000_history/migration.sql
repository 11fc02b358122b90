-- History that another system made, and what vendors billed beyond what was booked, as lines of the books: both count in the
-- summaries from the transaction that writes them.

-- CreateTable
CREATE TABLE "imported_call" (
    "external_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "account_id" UUID NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT,
    "plan_id" TEXT,
    "outcome" "attempt_outcome" NOT NULL,
    "calls" INTEGER NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "credits" INTEGER NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "imported_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "imported_call_pkey" PRIMARY KEY ("external_id")
);

-- CreateTable
CREATE TABLE "cost_adjustment" (
    "id" UUID NOT NULL,
    "day" TIMESTAMPTZ(6) NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT,
    "plan_id" TEXT,
    "billed_micros" BIGINT NOT NULL,
    "booked_micros" BIGINT NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "bill_sha256" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "cost_adjustment_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "imported_call_created_at_idx" ON "imported_call" USING BRIN ("created_at");

-- CreateIndex
CREATE INDEX "cost_adjustment_day_idx" ON "cost_adjustment"("day");

-- CreateIndex
CREATE UNIQUE INDEX "cost_adjustment_bill_sha256_day_model_key" ON "cost_adjustment"("bill_sha256", "day", "model");

-- ------------------------------------------------------------------------------------------------ invariants

ALTER TABLE imported_call ADD CONSTRAINT imported_call_parts CHECK (external_id <> '' AND calls IN (0, 1) AND cost_micros >= 0
  AND credits >= 0 AND revenue_micros >= 0 AND duration_ms >= 0);
ALTER TABLE cost_adjustment ADD CONSTRAINT cost_adjustment_parts CHECK (amount_micros = billed_micros - booked_micros
  AND amount_micros <> 0 AND reason <> '' AND day = date_bin('1 day', day, '2000-01-01T00:00:00Z'));

CREATE TRIGGER imported_call_is_immutable BEFORE UPDATE OR DELETE ON imported_call
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cost_adjustment_is_immutable BEFORE UPDATE OR DELETE ON cost_adjustment
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- ------------------------------------------------------------------------------------------------ lines

-- What an imported call adds to the summaries.
CREATE FUNCTION imported_line(c imported_call) RETURNS SETOF summary_line LANGUAGE sql IMMUTABLE AS $$
  SELECT c.created_at, c.provider, c.model, c.operation, c.tier, coalesce(c.country, ''), coalesce(c.plan_id, ''), c.account_id, c.calls,
    CASE WHEN c.outcome = 'SUCCEEDED' THEN c.calls ELSE 0 END, CASE WHEN c.outcome = 'SUCCEEDED' THEN 0 ELSE c.calls END, 0,
    c.credits::bigint, c.cost_micros, CASE WHEN c.outcome = 'SUCCEEDED' THEN 0 ELSE c.cost_micros END, c.revenue_micros,
    c.duration_ms::bigint
$$;

-- What an adjustment adds: cost, of no call and of no account.
CREATE FUNCTION adjustment_line(c cost_adjustment) RETURNS SETOF summary_line LANGUAGE sql IMMUTABLE AS $$
  SELECT c.day, c.provider, c.model, c.operation, c.tier, coalesce(c.country, ''), coalesce(c.plan_id, ''),
    '00000000-0000-0000-0000-000000000000'::uuid, 0, 0, 0, 0, 0::bigint, c.amount_micros, 0::bigint, 0::bigint, 0::bigint
$$;

CREATE OR REPLACE VIEW booked_line AS
  SELECT att.booked_at AS at, att.provider, att.model, att.operation, att.tier, coalesce(att.country, '') AS country,
    coalesce(att.plan_id, '') AS plan, att.account_id, 1 AS calls, (att.outcome = 'SUCCEEDED')::int AS succeeded,
    (att.outcome <> 'SUCCEEDED')::int AS failed, (att.cost_source = 'cache')::int AS cache_hits,
    att.credits_charged::bigint AS credits, att.cost_micros,
    CASE WHEN att.outcome = 'SUCCEEDED' AND r.status = 'POSTED' THEN 0 ELSE att.cost_micros END AS lost_cost_micros,
    att.revenue_micros, att.duration_ms::bigint AS duration_ms
  FROM attempt att LEFT JOIN reservation r ON r.id = att.generation_id
  UNION ALL
  SELECT c.created_at, l.provider, l.model, l.operation, l.tier, l.country, l.plan, l.account_id, l.calls, l.succeeded, l.failed,
    l.cache_hits, l.credits, l.cost_micros, l.lost_cost_micros, l.revenue_micros, l.duration_ms
  FROM imported_call c CROSS JOIN LATERAL imported_line(c) AS l
  UNION ALL
  SELECT c.day, l.provider, l.model, l.operation, l.tier, l.country, l.plan, l.account_id, l.calls, l.succeeded, l.failed,
    l.cache_hits, l.credits, l.cost_micros, l.lost_cost_micros, l.revenue_micros, l.duration_ms
  FROM cost_adjustment c CROSS JOIN LATERAL adjustment_line(c) AS l;

-- ------------------------------------------------------------------------------------------------ import

-- Makes what an import's connection needs: the rows that are brought in next, and, of a dry run, those that it has seen.
CREATE FUNCTION import_open() RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS import_row (line int, external_id text, provider text, model text, operation operation,
    account text, tier tier, country text, plan text, outcome attempt_outcome, calls int, cost_micros bigint, credits int,
    revenue_micros bigint, duration_ms int, created_at timestamptz) ON COMMIT DELETE ROWS;
  CREATE TEMP TABLE IF NOT EXISTS import_seen (LIKE import_row, PRIMARY KEY (external_id));
  TRUNCATE import_seen;
END $$;

-- Books the rows of import_row: those whose id is new become imported calls, with accounts for them and their part in the
-- summaries; of the others `differing` has the lines whose figures are not those that stand. Ids are unique in import_row, and
-- one import runs at a time. A dry run tells the same and writes nothing that stays.
CREATE FUNCTION import_batch(p_now timestamptz, p_dry boolean) RETURNS TABLE (added int, present int, differing int[])
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  v_lines summary_line[];
BEGIN
  -- A tier that is not said may be any; country and plan are of the day on which they were told.
  SELECT count(*), coalesce(array_agg(r.line ORDER BY r.line) FILTER (WHERE (r.provider, r.model, r.operation, r.account, r.outcome,
        r.calls, r.cost_micros, r.credits, r.revenue_micros, r.duration_ms, r.created_at)
      IS DISTINCT FROM (s.provider, s.model, s.operation, s.account, s.outcome,
        s.calls, s.cost_micros, s.credits, s.revenue_micros, s.duration_ms, s.created_at)), '{}')
    INTO present, differing
    FROM import_row r CROSS JOIN LATERAL (
      SELECT c.provider, c.model, c.operation, a.external_id AS account, c.outcome, c.calls, c.cost_micros, c.credits, c.revenue_micros,
        c.duration_ms, c.created_at
      FROM imported_call c JOIN account a ON a.id = c.account_id WHERE c.external_id = r.external_id
      UNION ALL
      SELECT d.provider, d.model, d.operation, d.account, d.outcome, d.calls, d.cost_micros, d.credits, d.revenue_micros,
        d.duration_ms, d.created_at
      FROM import_seen d WHERE d.external_id = r.external_id) s;
  IF present > 0 THEN
    DELETE FROM import_row r WHERE EXISTS (SELECT 1 FROM imported_call c WHERE c.external_id = r.external_id)
      OR EXISTS (SELECT 1 FROM import_seen d WHERE d.external_id = r.external_id);
  END IF;

  IF p_dry THEN
    INSERT INTO import_seen SELECT * FROM import_row;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN NEXT;
    RETURN;
  END IF;

  -- What an account is like is what the newest of its calls says.
  INSERT INTO account (id, external_id, tier, country, created_at, updated_at)
    SELECT uuid_v7(p_now), n.account, coalesce(n.tier, 'FREE'), n.country, least(n.first_at, p_now), p_now
    FROM (SELECT DISTINCT ON (r.account) r.account, r.tier, r.country, min(r.created_at) OVER (PARTITION BY r.account) AS first_at
          FROM import_row r WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.external_id = r.account)
          ORDER BY r.account, r.created_at DESC) n
    ON CONFLICT (external_id) DO NOTHING;

  -- A quarter of an hour is the finest that summaries know, so that its calls are handed on as one line.
  WITH inserted AS (
    INSERT INTO imported_call AS c (external_id, provider, model, operation, account_id, tier, country, plan_id, outcome, calls,
        cost_micros, credits, revenue_micros, duration_ms, created_at, imported_at)
      SELECT r.external_id, r.provider, r.model, r.operation, a.id, coalesce(r.tier, a.tier), r.country, r.plan, r.outcome, r.calls,
        r.cost_micros, r.credits, r.revenue_micros, r.duration_ms, r.created_at, p_now
      FROM import_row r JOIN account a ON a.external_id = r.account
      ON CONFLICT (external_id) DO NOTHING
      RETURNING c AS call
  )
  SELECT coalesce(sum(q.rows), 0), array_agg(ROW(q.starts_at, q.provider, q.model, q.operation, q.tier, q.country, q.plan, q.account_id, q.calls,
      q.succeeded, q.failed, q.cache_hits, q.credits, q.cost_micros, q.lost_cost_micros, q.revenue_micros, q.duration_ms)::summary_line)
    INTO added, v_lines
    FROM (SELECT b.starts_at, l.provider, l.model, l.operation, l.tier, l.country, l.plan, l.account_id, count(*) AS rows,
        sum(l.calls) AS calls, sum(l.succeeded) AS succeeded, sum(l.failed) AS failed, sum(l.cache_hits) AS cache_hits,
        sum(l.credits) AS credits, sum(l.cost_micros) AS cost_micros, sum(l.lost_cost_micros) AS lost_cost_micros,
        sum(l.revenue_micros) AS revenue_micros, sum(l.duration_ms) AS duration_ms
      FROM inserted i CROSS JOIN LATERAL imported_line(i.call) AS l CROSS JOIN LATERAL summary_buckets(l.at) AS b
      WHERE b.grain = 'QUARTER_HOUR'
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) q;
  IF v_lines IS NOT NULL THEN
    PERFORM summary_add(v_lines);
  END IF;
  RETURN NEXT;
END $$;

-- ------------------------------------------------------------------------------------------------ adjustments

-- Books what a vendor billed for models and days of UTC beyond what stands in the books, or less. A bill's day and model are
-- booked once; where the bill agrees with the books nothing is written. Gives what was booked.
CREATE FUNCTION adjustment_book(p_now timestamptz, p_actor text, p_reason text, p_bill text, p_provider text, i_id uuid[],
  i_day timestamptz[], i_model text[], i_operation operation[], i_billed bigint[]) RETURNS SETOF cost_adjustment
LANGUAGE plpgsql AS $$
DECLARE
  v_made cost_adjustment[];
BEGIN
  -- Two bills that are booked at once would both count the same difference.
  PERFORM pg_advisory_xact_lock(7301004);
  WITH made AS (
    INSERT INTO cost_adjustment AS c (id, day, provider, model, operation, tier, country, plan_id, billed_micros, booked_micros,
        amount_micros, reason, bill_sha256, actor, created_at)
      SELECT u.id, u.day, p_provider, u.model, u.operation, coalesce(g.tier, 'FREE'), nullif(g.country, ''), nullif(g.plan, ''), u.billed,
        b.booked, u.billed - b.booked, p_reason, p_bill, p_actor, p_now
      FROM unnest(i_id, i_day, i_model, i_operation, i_billed) AS u(id, day, model, operation, billed)
        CROSS JOIN LATERAL (SELECT coalesce(sum(s.cost_micros), 0)::bigint AS booked FROM model_summary s
          WHERE s.grain = 'DAY' AND s.at = u.day AND s.provider = p_provider AND s.model = u.model) b
        LEFT JOIN LATERAL (SELECT s.tier, s.country, s.plan FROM segment_summary s
          WHERE s.grain = 'DAY' AND s.at = u.day AND s.provider = p_provider AND s.model = u.model
          ORDER BY s.cost_micros DESC, s.tier, s.country, s.plan LIMIT 1) g ON true
      WHERE u.billed <> b.booked
      ON CONFLICT (bill_sha256, day, model) DO NOTHING
      RETURNING c AS adjustment
  )
  SELECT array_agg(made.adjustment) INTO v_made FROM made;
  IF v_made IS NULL THEN
    RETURN;
  END IF;
  PERFORM summary_add(ARRAY(SELECT l FROM unnest(v_made) AS c CROSS JOIN LATERAL adjustment_line(c) AS l));
  INSERT INTO audit_log (id, at, actor, action, subject, reason, detail)
    SELECT uuid_v7(p_now), p_now, p_actor, 'cost.adjust', c.id::text, p_reason,
      jsonb_build_object('day', c.day, 'model', c.model, 'billedMicros', c.billed_micros::text, 'bookedMicros', c.booked_micros::text,
        'amountMicros', c.amount_micros::text, 'billSha256', p_bill)
    FROM unnest(v_made) AS c;
  RETURN QUERY SELECT c.* FROM unnest(v_made) AS c;
END $$;
