-- The ledger: what Prisma's language cannot say. CHECKs that no defect can get past, and the functions through
-- which all credits and all budgets move. server/ledger/README.md is their specification.
--
-- Order of locks, the same everywhere, so that no two transactions can wait for each other: the advisory lock of
-- the budgets, accounts by id, idempotency keys by (namespace, key), reservations by id (each stands for its
-- generation too), summaries by key, budget windows by id, the protection row.

-- ------------------------------------------------------------------------------------------------ invariants

-- A time zone that the database does not know would stop whatever brings the account up to date with the clock, and
-- the sweeper's whole batch with it.
ALTER TABLE account
  ADD CONSTRAINT account_totals CHECK (reserved >= 0 AND posted >= reserved),
  ADD CONSTRAINT account_time_zone CHECK (timestamp '2000-01-01' AT TIME ZONE time_zone IS NOT NULL);

-- Free credits come by the day or the month of an account's calendar: hours have no name of their own there.
ALTER TABLE price_list ADD CONSTRAINT price_list_free CHECK (free_credits >= 0 AND free_period <> 'HOUR');

ALTER TABLE "grant"
  ADD CONSTRAINT grant_parts CHECK (
    credits > 0 AND used >= 0 AND reserved >= 0 AND expired >= 0 AND revoked >= 0
    AND used::bigint + reserved + expired + revoked <= credits),
  ADD CONSTRAINT grant_revenue CHECK (revenue_micros >= 0);

ALTER TABLE reservation
  ADD CONSTRAINT reservation_credits CHECK (credits_reserved >= 0 AND credits_posted BETWEEN 0 AND credits_reserved),
  ADD CONSTRAINT reservation_cost CHECK (ceiling_micros >= 0 AND cost_micros >= 0),
  ADD CONSTRAINT reservation_resolved CHECK ((status = 'PENDING') = (resolved_at IS NULL)),
  ADD CONSTRAINT reservation_posted CHECK (status = 'POSTED' OR credits_posted = 0);

ALTER TABLE attempt ADD CONSTRAINT attempt_cost CHECK (cost_micros >= 0 AND number > 0);

ALTER TABLE budget ADD CONSTRAINT budget_limit CHECK (limit_micros >= 0);

-- spent + reserved never passes the limit under which the newest reservation was admitted, but for what a
-- vendor billed beyond the ceiling that it had been given.
ALTER TABLE budget_window
  ADD CONSTRAINT budget_window_parts CHECK (spent_micros >= 0 AND reserved_micros >= 0 AND excess_micros >= 0),
  ADD CONSTRAINT budget_window_limit CHECK (
    admitted_limit_micros IS NULL OR spent_micros + reserved_micros <= admitted_limit_micros + excess_micros);

ALTER TABLE protection ADD CONSTRAINT protection_one_row CHECK (id = 1);

-- Pending reservations are few among all that ever were.
CREATE INDEX reservation_pending ON reservation (expires_at) WHERE status = 'PENDING';

-- Rows that are written once more leave room on their page for it: then no index hears of the change.
ALTER TABLE account SET (fillfactor = 60);
ALTER TABLE "grant" SET (fillfactor = 60);
ALTER TABLE generation SET (fillfactor = 60);
ALTER TABLE budget_window SET (fillfactor = 20);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'A row of % is written once and never changed.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entry_is_immutable BEFORE UPDATE OR DELETE ON entry
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_is_immutable BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A reservation's grants as rows, for people and for the audit.
CREATE VIEW reservation_grant AS
  SELECT r.id AS reservation_id, part.position, part.grant_id, part.credits_reserved,
    coalesce(part.credits_posted, 0) AS credits_posted, coalesce(part.revenue_micros, 0) AS revenue_micros
  FROM reservation r CROSS JOIN LATERAL unnest(r.grant_ids, r.grant_reserved, r.grant_posted, r.grant_revenue)
    WITH ORDINALITY AS part(grant_id, credits_reserved, credits_posted, revenue_micros, position);

-- ------------------------------------------------------------------------------------------------ first rows

INSERT INTO protection (id, state, reason, since, changed_by, until) VALUES (1, 'NORMAL', NULL, now(), 'system', NULL);

-- $50 an hour warns, $500 a day shuts down.
INSERT INTO budget (id, scope, subject, period, limit_micros, action, created_at, updated_at) VALUES
  ('01900000-0000-7000-8000-000000000001', 'GLOBAL', '', 'HOUR', 50000000, 'WARN', now(), now()),
  ('01900000-0000-7000-8000-000000000002', 'GLOBAL', '', 'DAY', 500000000, 'SHUTDOWN', now(), now());

-- ------------------------------------------------------------------------------------------------ small parts

-- A UUIDv7 for the few rows that the database makes by itself.
CREATE FUNCTION uuid_v7(p_now timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM p_now) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- Budgets' windows are hours, days and months of UTC. STABLE, as date_trunc with a zone is: else they are not inlined.
CREATE FUNCTION period_start(p_period budget_period, p_now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT date_trunc(lower(p_period::text), p_now, 'UTC')
$$;

CREATE FUNCTION period_end(p_period budget_period, p_now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT (date_trunc(lower(p_period::text), p_now, 'UTC') AT TIME ZONE 'UTC' + ('1 ' || p_period::text)::interval) AT TIME ZONE 'UTC'
$$;

-- Whether a budget applies to any call of a batch that has these subjects. Written out here once; the planner puts it
-- into each question that asks it.
CREATE FUNCTION budget_applies(p_budget budget, p_providers text[], p_operations text[], p_tiers text[], p_accounts text[])
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_budget.scope = 'GLOBAL' OR (p_budget.scope = 'PROVIDER' AND p_budget.subject = ANY (p_providers))
    OR (p_budget.scope = 'OPERATION' AND p_budget.subject = ANY (p_operations))
    OR (p_budget.scope = 'TIER' AND p_budget.subject = ANY (p_tiers))
    OR (p_budget.scope = 'ACCOUNT' AND p_budget.subject = ANY (p_accounts))
$$;

-- Why a budget has changed the state of protection, for people to read.
CREATE FUNCTION budget_reason(p_scope budget_scope, p_subject text, p_limit bigint, p_period budget_period, p_what text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('The %s budget of $%s %s is %s.', CASE p_scope WHEN 'GLOBAL' THEN 'global' ELSE p_subject END,
    trim_scale(p_limit::numeric / 1000000), CASE p_period WHEN 'HOUR' THEN 'an hour' ELSE 'a ' || lower(p_period::text) END, p_what)
$$;

-- What the first p_used of a grant's credits have earned. Differences of it add up to the whole, to the micro,
-- also where a price does not divide evenly.
CREATE FUNCTION earned(p_revenue bigint, p_credits int, p_used int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_revenue / p_credits) * p_used + ((p_revenue % p_credits) * p_used) / p_credits
$$;

-- ------------------------------------------------------------------------------------------------ time

-- Does what time alone does to accounts: expires grants, and gives the free grant that is due. The caller holds
-- the accounts' locks. A free grant is only given when an account is looked at, so that one which nobody uses
-- does not gather a row a day.
CREATE FUNCTION ledger_refresh(p_now timestamptz, p_accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_account record;
  v_grant record;
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

    FOR v_grant IN
      SELECT g.id, g.credits - g.used - g.expired - g.revoked - g.reserved AS free, g.reserved
      FROM "grant" g
      WHERE g.account_id = v_account.id AND NOT g.exhausted AND g.expires_at <= p_now
        AND g.credits - g.used - g.expired - g.revoked - g.reserved > 0
      ORDER BY g.expires_at, g.id
    LOOP
      UPDATE "grant" SET expired = expired + v_grant.free, exhausted = (v_grant.reserved = 0) WHERE id = v_grant.id;
      v_posted := v_posted - v_grant.free;
      v_sequence := v_sequence + 1;
      INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, grant_id, created_at)
        VALUES (v_account.id, v_sequence, 'EXPIRE_GRANT', -v_grant.free, -v_grant.free, 0, v_posted - v_reserved, v_grant.id, p_now);
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

-- Whether time has something to do to an account.
CREATE FUNCTION refresh_is_due(p_account account, p_now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_account.next_expiry_at <= p_now IS TRUE
    OR (p_account.tier = 'FREE' AND (p_account.next_free_grant_at IS NULL OR p_account.next_free_grant_at <= p_now))
$$;

-- Locks accounts and brings them up to date with the clock: before a balance is read, and by the sweeper.
CREATE FUNCTION ledger_touch(p_now timestamptz, p_accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM account WHERE id = ANY (p_accounts) ORDER BY id FOR UPDATE;
  PERFORM ledger_refresh(p_now, ARRAY(SELECT a.id FROM account a WHERE a.id = ANY (p_accounts) AND refresh_is_due(a, p_now)));
END $$;

-- The two functions of the hot path plan each statement once a session: planning two dozen statements anew costs
-- more than running them. A plan made while a table was small must still be right when it is large, so that they
-- look rows up by index always.

-- ------------------------------------------------------------------------------------------------ reserve

-- Sets credits of accounts and money of budgets aside for a batch of calls, each item admitted or refused by
-- itself, in order. One round trip and one transaction for all of them. Item n is what the arrays i_… have at n.
--
-- Outcomes, in order of precedence: REPLAY and CONFLICT (the key was used before), ACCOUNT_NOT_FOUND, SHUTDOWN,
-- INSUFFICIENT_CREDITS, BUDGET_EXCEEDED, RESERVED. A refusal leaves nothing behind, so that its key can be used
-- again once the cause is gone.
--
-- p_retry says that the batch may have been committed before (its connection broke): what stands then is RESERVED.
CREATE FUNCTION ledger_reserve(p_now timestamptz, p_process uuid, p_retry boolean,
  i_id uuid[], i_account uuid[], i_credits int[], i_ceiling bigint[], i_namespace text[], i_key text[], i_hash text[],
  i_provider text[], i_operation text[], i_model text[], i_prompt text[], i_request jsonb[], i_cost uuid[], i_price uuid[],
  i_quote uuid[], i_sent boolean[], i_expires timestamptz[], i_cache text[], i_since timestamptz[], i_served uuid[])
RETURNS TABLE (outcome text, generation_id uuid, available int, tier tier, country text,
  scope budget_scope, resets_at timestamptz, reason text, served_by uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  n int; a int; w int; g int; t int; free int; need int; take int; hit int;
  i_count int := cardinality(i_id);
  i_a int[];
  a_id uuid[]; a_posted int[]; a_reserved int[]; a_sequence int[]; a_tier tier[]; a_country text[]; a_grant int[];
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
         array_agg(s.country), array_agg(s.id) FILTER (WHERE s.due)
    INTO a_id, a_posted, a_reserved, a_sequence, a_tier, a_country, v_due
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
    INSERT INTO generation (id, account_id, operation, status, provider, model, prompt, request, tier, country, credits_reserved,
        model_cost_id, model_price_id, quote_id, sent_at, created_at, cache_key, served_by_id)
      SELECT i_id[x.n], i_account[x.n], i_operation[x.n]::operation, CASE WHEN i_sent[x.n] AND v_served[x.n] IS NULL THEN 'RUNNING' ELSE 'QUEUED' END::generation_status,
        i_provider[x.n], i_model[x.n], i_prompt[x.n], i_request[x.n], a_tier[i_a[x.n]], a_country[i_a[x.n]], i_credits[x.n],
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

  RETURN QUERY SELECT u.outcome, o_generation[u.n], o_available[u.n], a_tier[i_a[u.n]], a_country[i_a[u.n]], o_scope[u.n], o_resets[u.n], v_reason,
      v_served[u.n]
    FROM unnest(o_outcome) WITH ORDINALITY AS u(outcome, n) ORDER BY u.n;
END $$;

-- ------------------------------------------------------------------------------------------------ settle

-- Ends a batch of reservations and books what their attempts cost and earned, in one transaction. Item n is what the
-- arrays i_… have at n; t_… are attempts and f_… the files that were made, each with the number of its item.
--
-- An item's action is POST (burn credits, at most those reserved; the rest goes back to the grants it came from),
-- VOID (all goes back) or EXPIRE (the same, by the sweeper).
-- A reservation is resolved once. An item that comes later, for one VOIDED or EXPIRED, corrects the booked attempts
-- and nothing else: the customer has had the credits back. For one POSTED it changes nothing.
-- A batch names each reservation once, for its attempts are told apart by that; the caller sends a second end of the
-- same reservation in the next batch.
--
-- An item that names its attempt is about that one: once another has followed it, it is booked already, and what is told of
-- it here changes nothing, whatever has become of the reservation.
--
-- Outcomes: SETTLED, LATE, ALREADY, FOLLOWED, NOT_FOUND.
CREATE FUNCTION ledger_settle(p_now timestamptz,
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
  s_a int[]; s_operation operation[]; s_tier tier[]; s_country text[]; s_cost bigint[]; s_k int[];
  g_id uuid[] := '{}'; g_used int[]; g_burned int[]; g_released int[]; g_count int := 0;
  k_windows text[] := '{}'; k_spent bigint[]; k_reserved bigint[]; k_excess bigint[]; k_count int := 0;
  w_id bigint[]; w_spent bigint[]; w_reserved bigint[]; w_excess bigint[];
  o_outcome text[] := array_fill('NOT_FOUND'::text, ARRAY[i_count]); o_posted int[] := array_fill(0, ARRAY[i_count]);
  o_revenue bigint[] := array_fill(0::bigint, ARRAY[i_count]); o_cost bigint[] := array_fill(0::bigint, ARRAY[i_count]);
  x_posted text[]; x_revenue text[]; x_sequence int[]; x_reserved int[]; x_available int[];
  v_accounts int[] := '{}'; v_settled int[] := '{}'; v_count int := 0; v_attempts int[] := '{}'; v_lines int[];
  t_sign int[]; t_hour timestamptz[]; v_hour timestamptz := date_trunc('hour', p_now, 'UTC');
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
        res.cost_micros, res.window_ids::text AS windows, gen.operation, gen.tier, gen.country, gen.revenue_micros AS revenue, gen.attempt_number,
        part.position, part.grant_id, part.credits AS part, gr.credits, gr.used, gr.revenue_micros, gr.expires_at
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
        s_operation[n] := r.operation; s_tier[n] := r.tier; s_country[n] := r.country;
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
        g_id[g] := r.grant_id; g_used[g] := r.used; g_burned[g] := 0; g_released[g] := 0;
      END IF;
      take := least(left_over, r.part);
      gained := 0;
      IF take > 0 THEN
        gained := earned(r.revenue_micros, r.credits, g_used[g] + take) - earned(r.revenue_micros, r.credits, g_used[g]);
        g_used[g] := g_used[g] + take;
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
      v_attempts := v_attempts || t; t_sign[t] := 1; t_hour[t] := v_hour;
    END IF;
  END LOOP;
  v_lines := v_attempts;

  -- An attempt that stands already is corrected in the hour in which it was booked, and with the provider and model under
  -- which it was: what it had added to the sums is taken out. Only what comes late can meet one, since attempts are only
  -- booked here. None of them has charged or earned anything.
  IF v_late IS NOT NULL THEN
    FOR z IN
      SELECT x.t, att.provider, att.model, att.outcome, att.cost_micros, att.duration_ms, date_trunc('hour', att.booked_at, 'UTC') AS hour
      FROM unnest(v_attempts) AS x(t) JOIN attempt att ON att.generation_id = i_id[t_item[x.t]] AND att.number = t_number[x.t]
    LOOP
      t := z.t; n := t_item[t];
      t_provider[t] := z.provider; t_model[t] := z.model; t_hour[t] := z.hour;
      o_cost[n] := o_cost[n] - z.cost_micros;
      t_count := t_count + 1; v_lines := v_lines || t_count;
      t_item[t_count] := n; t_provider[t_count] := z.provider; t_model[t_count] := z.model; t_outcome[t_count] := z.outcome;
      t_cost[t_count] := z.cost_micros; t_duration[t_count] := z.duration_ms; t_sign[t_count] := -1; t_hour[t_count] := z.hour;
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
  -- attempts and outputs; summaries are locked here, in order.
  IF v_lines <> '{}' OR v_count > 0 THEN
    WITH accounts AS (
      UPDATE account acc SET posted = a_posted[x.a], reserved = a_reserved[x.a], entry_sequence = a_sequence[x.a], updated_at = p_now,
          next_expiry_at = least(acc.next_expiry_at, a_expiry[x.a])
        FROM unnest(v_accounts) AS x(a) WHERE acc.id = a_id[x.a]
    ), grants AS (
      UPDATE "grant" gr SET used = gr.used + g_burned[x.g], reserved = gr.reserved - g_released[x.g],
          exhausted = (gr.used + g_burned[x.g] + gr.expired + gr.revoked = gr.credits)
        FROM unnest(g_id) WITH ORDINALITY AS x(id, g) WHERE gr.id = x.id
    ), entries AS (
      INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, generation_id, created_at)
        SELECT a_id[s_a[x.n]], x_sequence[x.n],
          CASE i_action[x.n] WHEN 'POST' THEN 'POST' WHEN 'VOID' THEN 'VOID' ELSE 'EXPIRE_RESERVATION' END::entry_kind,
          x_reserved[x.n] - o_posted[x.n], -o_posted[x.n], -x_reserved[x.n], x_available[x.n], i_id[x.n], p_now
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
    ), attempts AS (
      INSERT INTO attempt AS att (generation_id, number, provider, model, operation, account_id, tier, country, outcome, cost_micros,
          cost_source, model_cost_id, credits_charged, revenue_micros, duration_ms, job_id, error, started_at, booked_at)
        SELECT i_id[x.n], t_number[x.t], t_provider[x.t], t_model[x.t], s_operation[x.n], a_id[s_a[x.n]], s_tier[x.n], s_country[x.n],
          t_outcome[x.t]::attempt_outcome, t_cost[x.t], t_cost_source[x.t], t_model_cost[x.t],
          CASE WHEN t_final[x.t] AND o_outcome[x.n] = 'SETTLED' THEN o_posted[x.n] ELSE 0 END,
          CASE WHEN t_final[x.t] AND o_outcome[x.n] = 'SETTLED' THEN o_revenue[x.n] ELSE 0 END,
          t_duration[x.t], t_job[x.t], t_error[x.t], t_started[x.t], p_now
        FROM (SELECT u.t, t_item[u.t] AS n FROM unnest(v_attempts) AS u(t)) x
        ON CONFLICT (generation_id, number) DO UPDATE SET outcome = excluded.outcome, cost_micros = excluded.cost_micros,
          cost_source = excluded.cost_source, duration_ms = excluded.duration_ms, job_id = coalesce(excluded.job_id, att.job_id),
          error = excluded.error
    )
    INSERT INTO hourly_summary AS h (hour, provider, model, operation, tier, country, calls, succeeded, failed, credits, cost_micros,
        lost_cost_micros, revenue_micros, duration_ms, cache_hits)
      SELECT li.hour, li.provider, li.model, li.operation, li.tier, li.country, sum(li.sign),
        sum(CASE WHEN li.succeeded THEN li.sign ELSE 0 END), sum(CASE WHEN li.succeeded THEN 0 ELSE li.sign END),
        sum(CASE WHEN li.charged THEN o_posted[li.n] ELSE 0 END), sum(li.sign * li.cost),
        -- Lost is what was paid for a customer who had the credits back: every failure, and a success that came to nothing.
        sum(CASE WHEN li.succeeded AND li.settled AND i_action[li.n] = 'POST' THEN 0 ELSE li.sign * li.cost END),
        sum(CASE WHEN li.charged THEN o_revenue[li.n] ELSE 0 END), sum(li.sign * t_duration[li.t]),
        sum(CASE WHEN li.hit THEN 1 ELSE 0 END)
      FROM (SELECT x.t, x.n, t_hour[x.t] AS hour, t_provider[x.t] COLLATE "C" AS provider, t_model[x.t] COLLATE "C" AS model,
              s_operation[x.n] AS operation, s_tier[x.n] AS tier, coalesce(s_country[x.n], '') COLLATE "C" AS country,
              t_sign[x.t] AS sign, t_outcome[x.t] = 'SUCCEEDED' AS succeeded, t_cost[x.t] AS cost,
              t_cost_source[x.t] = 'cache' AS hit,
              o_outcome[x.n] = 'SETTLED' AS settled, o_outcome[x.n] = 'SETTLED' AND t_final[x.t] AS charged
            FROM (SELECT u.t, t_item[u.t] AS n FROM unnest(v_lines) AS u(t)) x) li
      GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (hour, provider, model, operation, tier, country) DO UPDATE SET
        calls = h.calls + excluded.calls, succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
        credits = h.credits + excluded.credits, cost_micros = h.cost_micros + excluded.cost_micros,
        lost_cost_micros = h.lost_cost_micros + excluded.lost_cost_micros, revenue_micros = h.revenue_micros + excluded.revenue_micros,
        duration_ms = h.duration_ms + excluded.duration_ms, cache_hits = h.cache_hits + excluded.cache_hits;
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

-- ------------------------------------------------------------------------------------------------ grant

-- Gives credits, once under a key. Outcomes: CONFLICT, REPLAY, ACCOUNT_NOT_FOUND, TOO_MANY (more than an account
-- can hold), GRANTED.
CREATE FUNCTION ledger_grant(p_now timestamptz, p_id uuid, p_account uuid, p_namespace text, p_key text, p_hash text,
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
  INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, grant_id, reason, created_at)
    VALUES (p_account, v_account.entry_sequence + 1, 'GRANT', p_credits, p_credits, 0, v_account.posted + p_credits - v_account.reserved, p_id, p_reason, p_now);
  UPDATE account SET posted = account.posted + p_credits, entry_sequence = entry_sequence + 1, updated_at = p_now,
    next_expiry_at = least(next_expiry_at, p_expires) WHERE id = p_account;
  INSERT INTO audit_log (id, at, actor, action, subject, reason, detail)
    VALUES (uuid_v7(p_now), p_now, p_actor, 'credits.grant', p_account::text, p_reason, jsonb_build_object('grant', p_id, 'credits', p_credits));
  RETURN QUERY SELECT 'GRANTED', p_id, v_account.posted + p_credits, v_account.reserved;
END $$;

-- ------------------------------------------------------------------------------------------------ protection

-- Sets the budget of a scope, subject and period, and counts in its present window what has been spent and is
-- reserved already. No reservation is under way meanwhile.
CREATE FUNCTION protection_set_budget(p_now timestamptz, p_id uuid, p_scope budget_scope, p_subject text, p_period budget_period,
  p_limit bigint, p_action budget_action, p_actor text)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_window bigint;
  v_from timestamptz := period_start(p_period, p_now);
  v_pending uuid[];
  v_reserved bigint;
  v_spent bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7301002);
  INSERT INTO budget AS b (id, scope, subject, period, limit_micros, action, created_at, updated_at)
    VALUES (p_id, p_scope, p_subject, p_period, p_limit, p_action, p_now, p_now)
    ON CONFLICT (scope, subject, period) DO UPDATE SET limit_micros = excluded.limit_micros, action = excluded.action, updated_at = p_now
    RETURNING b.id INTO v_id;
  IF v_id = p_id THEN
    SELECT coalesce(array_agg(r.id) FILTER (WHERE r.status = 'PENDING'), '{}'),
        coalesce(sum(r.ceiling_micros) FILTER (WHERE r.status = 'PENDING'), 0),
        coalesce(sum(r.cost_micros), 0)
      INTO v_pending, v_reserved, v_spent
      FROM generation gen JOIN reservation r ON r.id = gen.id
      WHERE gen.created_at >= v_from AND gen.created_at < period_end(p_period, p_now) AND CASE p_scope
        WHEN 'GLOBAL' THEN true WHEN 'PROVIDER' THEN gen.provider = p_subject WHEN 'OPERATION' THEN gen.operation::text = p_subject
        WHEN 'TIER' THEN gen.tier::text = p_subject ELSE gen.account_id::text = p_subject END;
    IF p_scope = 'PROVIDER' THEN
      -- A generation that was sent on has attempts at several providers, and each counts its own.
      SELECT coalesce(sum(att.cost_micros), 0) INTO v_spent FROM attempt att JOIN generation gen ON gen.id = att.generation_id
        WHERE att.provider = p_subject AND gen.created_at >= v_from AND gen.created_at < period_end(p_period, p_now);
    END IF;
    INSERT INTO budget_window (budget_id, starts_at, ends_at, spent_micros, reserved_micros, opening_micros)
      VALUES (v_id, v_from, period_end(p_period, p_now), v_spent, v_reserved, v_spent)
      RETURNING id INTO v_window;
    PERFORM 1 FROM reservation WHERE id = ANY (v_pending) ORDER BY id FOR NO KEY UPDATE;
    UPDATE reservation SET window_ids = window_ids || v_window WHERE id = ANY (v_pending);
  ELSE
    UPDATE budget_window SET admitted_limit_micros = NULL WHERE budget_id = v_id AND starts_at = v_from;
  END IF;
  -- A shutdown that a budget has called for may be over when budgets change; the next call finds out.
  UPDATE protection SET state = 'NORMAL', reason = NULL, since = p_now, changed_by = p_actor, until = NULL
    WHERE changed_by = 'budget' AND state <> 'NORMAL';
  INSERT INTO audit_log (id, at, actor, action, subject, detail) VALUES (uuid_v7(p_now), p_now, p_actor, 'budget.set', v_id::text,
    jsonb_build_object('scope', p_scope, 'subject', p_subject, 'period', p_period, 'limitMicros', p_limit::text, 'action', p_action));
  RETURN v_id;
END $$;

-- Suspends or resumes paid calls by an operator's word. When it returns, every reservation of before is committed
-- and every later one sees the new state.
CREATE FUNCTION protection_set_state(p_now timestamptz, p_state protection_state, p_reason text, p_actor text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7301002);
  UPDATE protection SET state = p_state, reason = CASE WHEN p_state = 'NORMAL' THEN NULL ELSE p_reason END, since = p_now, changed_by = p_actor, until = NULL WHERE id = 1;
  INSERT INTO audit_log (id, at, actor, action, reason)
    VALUES (uuid_v7(p_now), p_now, p_actor, CASE p_state WHEN 'SHUTDOWN' THEN 'service.suspend' ELSE 'service.resume' END, p_reason);
END $$;
