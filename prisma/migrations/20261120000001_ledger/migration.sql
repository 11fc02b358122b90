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
ALTER TABLE reservation_grant SET (fillfactor = 70);
ALTER TABLE budget_window SET (fillfactor = 20);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'A row of % is written once and never changed.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entry_is_immutable BEFORE UPDATE OR DELETE ON entry
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_is_immutable BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

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
-- itself, in order. One round trip and one transaction for all of them.
--
-- Outcomes, in order of precedence: REPLAY and CONFLICT (the key was used before), ACCOUNT_NOT_FOUND, SHUTDOWN,
-- INSUFFICIENT_CREDITS, BUDGET_EXCEEDED, RESERVED. A refusal leaves nothing behind, so that its key can be used
-- again once the cause is gone.
--
-- p_retry says that the batch may have been committed before (its connection broke): what stands then is RESERVED.
CREATE FUNCTION ledger_reserve(p_now timestamptz, p_process uuid, p_items jsonb, p_retry boolean)
RETURNS TABLE (outcome text, generation_id uuid, available int, tier tier, country text,
  scope budget_scope, resets_at timestamptz, reason text, served_by uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  n int; a int; w int; g int; t int; need int; take int; hit int;
  i_id uuid[]; i_account uuid[]; i_credits int[]; i_ceiling bigint[];
  i_namespace text[]; i_key text[]; i_hash text[];
  i_provider text[]; i_operation text[]; i_model text[]; i_prompt text[]; i_request jsonb[];
  i_cost uuid[]; i_price uuid[]; i_quote uuid[]; i_sent boolean[]; i_expires timestamptz[]; i_count int;
  i_cache text[]; i_since timestamptz[]; i_served uuid[];
  i_a int[];
  a_id uuid[]; a_posted int[]; a_reserved int[]; a_sequence int[]; a_tier tier[]; a_country text[]; a_grant int[]; a_changed boolean[];
  v_due uuid[];
  r_result uuid[]; r_hash text[];
  v_budgets uuid[]; v_missing boolean;
  w_id bigint[]; w_scope budget_scope[]; w_subject text[]; w_limit bigint[]; w_action budget_action[]; w_used bigint[];
  w_added bigint[]; w_ends timestamptz[]; w_period budget_period[]; w_count int := 0;
  g_id uuid[]; g_a int[]; g_free int[]; g_taken int[]; g_count int := 0;
  o_outcome text[] := '{}'; o_generation uuid[]; o_available int[]; o_scope budget_scope[]; o_resets timestamptz[];
  x_window text[] := '{}'; v_windows text; v_applies boolean[] := '{}';
  l_id uuid[] := '{}'; l_position int[] := '{}'; l_grant uuid[] := '{}'; l_credits int[] := '{}'; l_count int := 0; v_position int;
  e_sequence int[]; e_available int[];
  v_state protection_state; v_reason text; v_until timestamptz; v_state_changed boolean := false; v_by text := 'budget';
  v_admitted int := 0; v_refused boolean := false; v_existing uuid[] := '{}';
BEGIN
  -- Setting a budget or suspending the service takes this lock alone, so that neither can pass a reservation by.
  PERFORM pg_advisory_xact_lock_shared(7301002);

  SELECT array_agg(x.id), array_agg(x."accountId"), array_agg(x.credits), array_agg(x.ceiling), array_agg(x.namespace),
         array_agg(x.key), array_agg(x.hash), array_agg(x.provider), array_agg(x.operation), array_agg(x.model),
         array_agg(x.prompt), array_agg(x.request), array_agg(x."modelCostId"), array_agg(x."modelPriceId"), array_agg(x."quoteId"),
         array_agg(x.sent), array_agg(x."expiresAt"), array_agg(x."cacheKey"), array_agg(x."cacheSince"),
         array_agg(x."servedBy"), count(*)
    INTO i_id, i_account, i_credits, i_ceiling, i_namespace, i_key, i_hash, i_provider, i_operation, i_model,
         i_prompt, i_request, i_cost, i_price, i_quote, i_sent, i_expires, i_cache, i_since,
         i_served, i_count
    FROM jsonb_to_recordset(p_items) AS x(id uuid, "accountId" uuid, credits int, ceiling bigint, namespace text,
      key text, hash text, provider text, operation text, model text, prompt text, request jsonb, "modelCostId" uuid,
      "modelPriceId" uuid, "quoteId" uuid, sent boolean, "expiresAt" timestamptz, "cacheKey" text, "cacheSince" timestamptz, "servedBy" uuid);

  -- Accounts, locked in order of id.
  SELECT array_agg(s.id), array_agg(s.posted), array_agg(s.reserved), array_agg(s.entry_sequence), array_agg(s.tier),
         array_agg(s.country), array_agg(0), array_agg(false), array_agg(s.id) FILTER (WHERE s.due)
    INTO a_id, a_posted, a_reserved, a_sequence, a_tier, a_country, a_grant, a_changed, v_due
    FROM (SELECT acc.*, refresh_is_due(acc, p_now) AS due FROM account acc WHERE acc.id = ANY (i_account) ORDER BY acc.id FOR UPDATE) s;
  IF v_due IS NOT NULL THEN
    PERFORM ledger_refresh(p_now, v_due);
    SELECT array_agg(acc.posted ORDER BY acc.id), array_agg(acc.entry_sequence ORDER BY acc.id) INTO a_posted, a_sequence
      FROM account acc WHERE acc.id = ANY (a_id);
  END IF;
  SELECT array_agg(array_position(a_id, u.id)) INTO i_a FROM unnest(i_account) AS u(id);

  -- Keys, in order. A key that another transaction is just using is waited for.
  INSERT INTO idempotency_record (namespace, key, operation, input_hash, result_id, created_at)
    SELECT DISTINCT ON (u.namespace, u.key) u.namespace, u.key, u.operation, u.hash, u.id, p_now
    FROM unnest(i_namespace, i_key, i_operation, i_hash, i_id) WITH ORDINALITY AS u(namespace, key, operation, hash, id, ord)
    ORDER BY u.namespace, u.key, u.ord
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n = i_count THEN
    -- Every key is new, and its record this item's own.
    r_result := i_id; r_hash := i_hash;
  ELSE
    SELECT array_agg(r.result_id ORDER BY u.ord), array_agg(r.input_hash ORDER BY u.ord) INTO r_result, r_hash
      FROM unnest(i_namespace, i_key) WITH ORDINALITY AS u(namespace, key, ord)
      JOIN idempotency_record r ON r.namespace = u.namespace AND r.key = u.key;
  END IF;
  IF p_retry THEN
    SELECT coalesce(array_agg(r.id), '{}') INTO v_existing FROM reservation r WHERE r.id = ANY (i_id);
  END IF;

  -- Windows of every budget that may apply, locked in order of id.
  SELECT array_agg(b.id), bool_or(bw.id IS NULL) INTO v_budgets, v_missing
    FROM budget b LEFT JOIN budget_window bw ON bw.budget_id = b.id AND bw.starts_at = period_start(b.period, p_now)
    WHERE b.scope = 'GLOBAL' OR (b.scope = 'PROVIDER' AND b.subject = ANY (i_provider))
      OR (b.scope = 'OPERATION' AND b.subject = ANY (i_operation))
      OR (b.scope = 'TIER' AND b.subject = ANY (a_tier::text[]))
      OR (b.scope = 'ACCOUNT' AND b.subject = ANY (i_account::text[]));
  IF v_missing THEN
    INSERT INTO budget_window (budget_id, starts_at, ends_at)
      SELECT b.id, period_start(b.period, p_now), period_end(b.period, p_now) FROM budget b WHERE b.id = ANY (v_budgets) ORDER BY b.id
      ON CONFLICT (budget_id, starts_at) DO NOTHING;
  END IF;
  IF v_budgets IS NOT NULL THEN
    SELECT array_agg(s.id), array_agg(s.scope), array_agg(s.subject), array_agg(s.limit_micros), array_agg(s.action),
           array_agg(s.used), array_agg(0::bigint), array_agg(s.ends_at), array_agg(s.period), count(*)
      INTO w_id, w_scope, w_subject, w_limit, w_action, w_used, w_added, w_ends, w_period, w_count
      FROM (SELECT bw.id, b.scope, b.subject, b.limit_micros, b.action, bw.spent_micros + bw.reserved_micros AS used, bw.ends_at, b.period
            FROM budget_window bw JOIN budget b ON b.id = bw.budget_id
            WHERE bw.budget_id = ANY (v_budgets) AND bw.starts_at = period_start(b.period, p_now)
            ORDER BY bw.id FOR UPDATE OF bw) s;
  END IF;

  -- Live grants in the order in which they burn; a_grant points at an account's first.
  SELECT array_agg(s.id), array_agg(array_position(a_id, s.account_id)), array_agg(s.free), array_agg(0), count(*)
    INTO g_id, g_a, g_free, g_taken, g_count
    FROM (SELECT gr.id, gr.account_id, gr.credits - gr.used - gr.expired - gr.revoked - gr.reserved AS free
          FROM "grant" gr
          WHERE gr.account_id = ANY (a_id) AND NOT gr.exhausted AND (gr.expires_at IS NULL OR gr.expires_at > p_now)
            AND gr.credits - gr.used - gr.expired - gr.revoked - gr.reserved > 0
          ORDER BY gr.account_id, gr.priority, gr.expires_at NULLS LAST, gr.revenue_micros > 0, gr.id) s;
  FOR g IN 1..coalesce(g_count, 0) LOOP
    IF a_grant[g_a[g]] = 0 THEN a_grant[g_a[g]] := g; END IF;
  END LOOP;

  SELECT p.state, p.reason, p.until INTO v_state, v_reason, v_until FROM protection p;
  IF v_state <> 'NORMAL' AND v_until <= p_now THEN
    v_state := 'NORMAL'; v_reason := NULL; v_state_changed := true;
  END IF;

  o_generation := i_id;
  o_available := array_fill(0, ARRAY[i_count]);
  o_scope := array_fill(NULL::budget_scope, ARRAY[i_count]);
  o_resets := array_fill(NULL::timestamptz, ARRAY[i_count]);
  e_sequence := array_fill(0, ARRAY[i_count]);
  e_available := array_fill(0, ARRAY[i_count]);

  <<items>>
  FOR n IN 1..i_count LOOP
    x_window[n] := NULL;
    a := i_a[n];
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
    IF i_id[n] = ANY (v_existing) THEN
      o_outcome[n] := 'EXISTING'; o_available[n] := a_posted[a] - a_reserved[a];
      CONTINUE items;
    END IF;
    IF a IS NULL THEN
      o_outcome[n] := 'ACCOUNT_NOT_FOUND'; v_refused := true;
      CONTINUE items;
    END IF;
    o_available[n] := a_posted[a] - a_reserved[a];
    IF v_state = 'SHUTDOWN' THEN
      o_outcome[n] := 'SHUTDOWN'; o_resets[n] := v_until; v_refused := true;
      CONTINUE items;
    END IF;
    need := i_credits[n];
    IF o_available[n] < need THEN
      o_outcome[n] := 'INSUFFICIENT_CREDITS'; v_refused := true;
      CONTINUE items;
    END IF;

    -- Of the budgets that refuse, the one that counts shuts down rather than blocks, ends last, and is the narrowest.
    hit := 0;
    FOR w IN 1..w_count LOOP
      v_applies[w] := w_scope[w] = 'GLOBAL' OR w_subject[w] = (CASE w_scope[w]
          WHEN 'PROVIDER' THEN i_provider[n] WHEN 'OPERATION' THEN i_operation[n]
          WHEN 'TIER' THEN a_tier[a]::text ELSE i_account[n]::text END);
      IF v_applies[w] THEN
        IF w_used[w] + w_added[w] + i_ceiling[n] > w_limit[w] AND w_action[w] <> 'WARN'
            AND (hit = 0 OR (w_action[w], w_ends[w], w_scope[w]) > (w_action[hit], w_ends[hit], w_scope[hit])) THEN
          hit := w;
        END IF;
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
    v_windows := '';
    FOR w IN 1..w_count LOOP
      IF v_applies[w] THEN
        v_windows := v_windows || ',' || w_id[w];
        w_added[w] := w_added[w] + i_ceiling[n];
        IF w_action[w] = 'WARN' AND w_used[w] + w_added[w] > w_limit[w]
            AND (hit = 0 OR (w_ends[w], w_scope[w]) > (w_ends[hit], w_scope[hit])) THEN
          hit := w;
        END IF;
      END IF;
    END LOOP;
    IF hit > 0 AND v_state = 'NORMAL' THEN
      v_state := 'WARNING'; v_state_changed := true; v_until := w_ends[hit];
      v_reason := budget_reason(w_scope[hit], w_subject[hit], w_limit[hit], w_period[hit], 'passed');
    END IF;
    x_window[n] := '{' || substr(v_windows, 2) || '}';

    v_position := 0;
    g := a_grant[a];
    WHILE need > 0 LOOP
      IF g = 0 OR g > g_count OR g_a[g] <> a THEN
        RAISE EXCEPTION 'Account % has more credits available than its grants hold.', i_account[n] USING ERRCODE = 'data_corrupted';
      END IF;
      take := least(need, g_free[g]);
      IF take > 0 THEN
        l_count := l_count + 1; v_position := v_position + 1;
        l_id[l_count] := i_id[n]; l_position[l_count] := v_position; l_grant[l_count] := g_id[g]; l_credits[l_count] := take;
        g_free[g] := g_free[g] - take; g_taken[g] := g_taken[g] + take; need := need - take;
      END IF;
      IF need > 0 THEN g := g + 1; END IF;
    END LOOP;
    a_grant[a] := g;
    a_reserved[a] := a_reserved[a] + i_credits[n];
    a_sequence[a] := a_sequence[a] + 1;
    a_changed[a] := true;
    e_sequence[n] := a_sequence[a];
    e_available[n] := a_posted[a] - a_reserved[a];
    o_available[n] := e_available[n];
    o_outcome[n] := 'RESERVED';
    v_admitted := v_admitted + 1;
  END LOOP;

  -- What has been made before for an identical request, or is being made, serves again. No lock: whoever waits for one
  -- that fails makes its own. What is being made at low priority may take a day: only what has as much time waits for it.
  IF cardinality(array_remove(i_since, NULL)) > 0 THEN
    SELECT array_agg(coalesce(u.served, (SELECT gen.id FROM generation gen WHERE gen.cache_key = u.cache AND u.since IS NOT NULL
          AND CASE WHEN gen.completed_at IS NULL
              THEN gen.request->>'priority' IS DISTINCT FROM 'LOW' OR u.request->>'priority' = 'LOW'
              ELSE gen.status = 'SUCCEEDED' AND gen.completed_at > u.since END
        ORDER BY gen.completed_at IS NULL, gen.id DESC LIMIT 1)) ORDER BY u.ord) INTO i_served
      FROM unnest(i_cache, i_since, i_served, i_request) WITH ORDINALITY AS u(cache, since, served, request, ord);
  END IF;

  IF v_admitted > 0 THEN
    UPDATE account acc SET reserved = u.reserved, entry_sequence = u.sequence, updated_at = p_now
      FROM unnest(a_id, a_reserved, a_sequence, a_changed) AS u(id, reserved, sequence, changed)
      WHERE acc.id = u.id AND u.changed;
    UPDATE "grant" gr SET reserved = gr.reserved + u.taken FROM unnest(g_id, g_taken) AS u(id, taken) WHERE gr.id = u.id AND u.taken > 0;
    INSERT INTO reservation_grant (reservation_id, position, grant_id, credits_reserved)
      SELECT * FROM unnest(l_id, l_position, l_grant, l_credits);
    INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, generation_id, created_at)
      SELECT u.account, u.sequence, 'RESERVE', -u.credits, 0, u.credits, u.available, u.id, p_now
      FROM unnest(i_account, e_sequence, i_credits, e_available, i_id, o_outcome) AS u(account, sequence, credits, available, id, outcome)
      WHERE u.outcome = 'RESERVED';
    WITH admitted AS (
      SELECT u.*, a_tier[u.a] AS tier, a_country[u.a] AS country
      FROM unnest(o_outcome, i_id, i_account, i_credits, i_ceiling, i_provider, i_operation, i_model, i_prompt, i_request,
          i_cost, i_price, i_quote, i_sent, i_expires, i_cache, i_served, x_window, i_a)
        AS u(outcome, id, account_id, credits, ceiling, provider, operation, model, prompt, request,
          model_cost_id, model_price_id, quote_id, sent, expires_at, cache_key, served_by, windows, a)
      WHERE u.outcome = 'RESERVED'
    ), reservations AS (
      INSERT INTO reservation (id, account_id, credits_reserved, ceiling_micros, window_ids, process_id, created_at, expires_at)
        SELECT s.id, s.account_id, s.credits, s.ceiling,
          s.windows::bigint[], p_process, p_now, s.expires_at
        FROM admitted s
    )
    INSERT INTO generation (id, account_id, operation, status, provider, model, prompt, request, tier, country, credits_reserved,
        model_cost_id, model_price_id, quote_id, sent_at, created_at, cache_key, served_by_id)
      SELECT s.id, s.account_id, s.operation::operation, CASE WHEN s.sent AND s.served_by IS NULL THEN 'RUNNING' ELSE 'QUEUED' END::generation_status,
        s.provider, s.model, s.prompt, s.request, s.tier, s.country, s.credits, s.model_cost_id, s.model_price_id, s.quote_id,
        CASE WHEN s.sent AND s.served_by IS NULL THEN p_now END, p_now, CASE WHEN s.served_by IS NULL THEN s.cache_key END, s.served_by
      FROM admitted s;
    UPDATE budget_window bw SET reserved_micros = bw.reserved_micros + u.added,
        admitted_limit_micros = CASE WHEN u.action = 'WARN' THEN NULL ELSE u.limit_micros END
      FROM unnest(w_id, w_added, w_action, w_limit) AS u(id, added, action, limit_micros) WHERE bw.id = u.id AND u.added > 0;
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

  RETURN QUERY SELECT u.outcome, u.generation, u.available, a_tier[u.a], a_country[u.a], u.scope, u.resets, v_reason, u.served
    FROM unnest(o_outcome, o_generation, o_available, i_a, o_scope, o_resets, i_served) WITH ORDINALITY
      AS u(outcome, generation, available, a, scope, resets, served, ord)
    ORDER BY u.ord;
END $$;

-- ------------------------------------------------------------------------------------------------ settle

-- Ends a batch of reservations and books what their attempts cost and earned, in one transaction.
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
CREATE FUNCTION ledger_settle(p_now timestamptz, p_items jsonb, p_attempts jsonb, p_outputs jsonb)
RETURNS TABLE (outcome text, account_id uuid, credits_charged int, cost_micros bigint, revenue_micros bigint,
  posted int, reserved int)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  n int; a int; l int; g int; take int; left_over int; gained bigint;
  i_id uuid[]; i_action text[]; i_credits int[]; i_status text[]; i_provider text[]; i_model text[]; i_failure_code text[];
  i_failure_message text[]; i_failure_retryable boolean[]; i_retry_after int[]; i_cached boolean[]; i_count int;
  a_id uuid[]; a_posted int[]; a_reserved int[]; a_sequence int[]; a_changed boolean[]; a_expiry timestamptz[];
  s_status reservation_status[]; s_a int[]; s_reserved int[]; s_ceiling bigint[]; s_cost bigint[]; s_posted int[]; s_windows text[];
  l_n int[]; l_id uuid[]; l_position int[]; l_g int[]; l_credits int[]; l_posted int[]; l_revenue bigint[]; l_count int := 0; l_first int[];
  g_id uuid[]; g_credits int[]; g_used int[]; g_revenue bigint[]; g_expires timestamptz[]; g_burned int[]; g_released int[];
  o_outcome text[] := '{}'; o_posted int[]; o_revenue bigint[]; o_cost bigint[];
  e_kind entry_kind[]; e_sequence int[]; e_posted int[]; e_reserved int[]; e_available int[];
  d_spent bigint[]; d_reserved bigint[]; d_excess bigint[];
  v_due uuid[];
  v_late boolean := false;
  v_followed uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7301002);

  SELECT array_agg(x.id), array_agg(x.action), array_agg(x.credits), array_agg(x.status), array_agg(x.provider), array_agg(x.model),
         array_agg(x."failureCode"), array_agg(x."failureMessage"), array_agg(x."failureRetryable"), array_agg(x."retryAfterSeconds"), array_agg(coalesce(x.cached, false)), count(*)
    INTO i_id, i_action, i_credits, i_status, i_provider, i_model, i_failure_code, i_failure_message, i_failure_retryable, i_retry_after,
         i_cached, i_count
    FROM jsonb_to_recordset(p_items) AS x(id uuid, action text, credits int, status text, provider text, model text, "failureCode" text,
      "failureMessage" text, "failureRetryable" boolean, "retryAfterSeconds" int, cached boolean);
  IF i_count <> (SELECT count(DISTINCT u.id) FROM unnest(i_id) AS u(id)) THEN
    RAISE EXCEPTION 'A batch to be settled names a reservation twice.' USING ERRCODE = 'cardinality_violation';
  END IF;

  SELECT array_agg(s.id), array_agg(s.posted), array_agg(s.reserved), array_agg(s.entry_sequence), array_agg(false), array_agg(NULL::timestamptz),
         array_agg(s.id) FILTER (WHERE s.due)
    INTO a_id, a_posted, a_reserved, a_sequence, a_changed, a_expiry, v_due
    FROM (SELECT acc.*, refresh_is_due(acc, p_now) AS due FROM account acc WHERE acc.id IN (SELECT r.account_id FROM reservation r WHERE r.id = ANY (i_id))
          ORDER BY acc.id FOR UPDATE) s;
  -- A reservation changes only under its account's lock, so what is read from here on stays true.
  SELECT array_agg(r.status ORDER BY u.ord), array_agg(array_position(a_id, r.account_id) ORDER BY u.ord),
         array_agg(r.credits_reserved ORDER BY u.ord), array_agg(r.ceiling_micros ORDER BY u.ord),
         array_agg(r.cost_micros ORDER BY u.ord), array_agg(r.credits_posted ORDER BY u.ord), array_agg(r.window_ids::text ORDER BY u.ord)
    INTO s_status, s_a, s_reserved, s_ceiling, s_cost, s_posted, s_windows
    FROM unnest(i_id) WITH ORDINALITY AS u(id, ord)
    LEFT JOIN (SELECT * FROM reservation x WHERE x.id = ANY (i_id) ORDER BY x.id FOR NO KEY UPDATE) r ON r.id = u.id;

  -- Nearly all have one attempt.
  SELECT array_agg(gen.id) INTO v_followed FROM generation gen WHERE gen.id = ANY (i_id) AND gen.attempt_number > 1;
  IF v_followed IS NOT NULL THEN
    SELECT array_agg(gen.id) INTO v_followed FROM generation gen
      JOIN jsonb_to_recordset(p_items) AS x(id uuid, "attemptNumber" int) ON x.id = gen.id
      WHERE gen.id = ANY (v_followed) AND gen.attempt_number > x."attemptNumber";
  END IF;

  SELECT array_agg(gr.id), array_agg(gr.credits), array_agg(gr.used), array_agg(gr.revenue_micros), array_agg(gr.expires_at),
         array_agg(0), array_agg(0)
    INTO g_id, g_credits, g_used, g_revenue, g_expires, g_burned, g_released
    FROM "grant" gr WHERE gr.id IN (SELECT rg.grant_id FROM reservation_grant rg WHERE rg.reservation_id = ANY (i_id));
  SELECT array_agg(s.ord), array_agg(s.reservation_id), array_agg(s.position), array_agg(array_position(g_id, s.grant_id)),
         array_agg(s.credits_reserved), array_agg(0), array_agg(0::bigint), count(*)
    INTO l_n, l_id, l_position, l_g, l_credits, l_posted, l_revenue, l_count
    FROM (SELECT u.ord, rg.* FROM unnest(i_id) WITH ORDINALITY AS u(id, ord) JOIN reservation_grant rg ON rg.reservation_id = u.id
          ORDER BY u.ord, rg.position) s;
  l_first := array_fill(0, ARRAY[i_count]);
  FOR l IN REVERSE coalesce(l_count, 0)..1 LOOP
    l_first[l_n[l]] := l;
  END LOOP;

  o_posted := array_fill(0, ARRAY[i_count]);
  o_revenue := array_fill(0::bigint, ARRAY[i_count]);
  e_kind := array_fill(NULL::entry_kind, ARRAY[i_count]);
  e_sequence := array_fill(0, ARRAY[i_count]);
  e_posted := array_fill(0, ARRAY[i_count]);
  e_reserved := array_fill(0, ARRAY[i_count]);
  e_available := array_fill(0, ARRAY[i_count]);

  FOR n IN 1..i_count LOOP
    a := s_a[n];
    IF s_status[n] IS NULL THEN
      o_outcome[n] := 'NOT_FOUND';
    ELSIF i_id[n] = ANY (v_followed) THEN
      o_outcome[n] := 'FOLLOWED';
    ELSIF s_status[n] = 'POSTED' THEN
      o_outcome[n] := 'ALREADY';
    ELSIF s_status[n] <> 'PENDING' THEN
      o_outcome[n] := 'LATE';
      v_late := true;
    ELSE
      o_outcome[n] := 'SETTLED';
      IF i_action[n] = 'POST' THEN
        IF i_credits[n] < 0 OR i_credits[n] > s_reserved[n] THEN
          RAISE EXCEPTION 'Generation % would post % of % reserved credits.', i_id[n], i_credits[n], s_reserved[n] USING ERRCODE = 'check_violation';
        END IF;
        left_over := i_credits[n];
      ELSE
        left_over := 0;
      END IF;
      o_posted[n] := left_over;
      l := l_first[n];
      WHILE l > 0 AND l <= l_count AND l_n[l] = n LOOP
        g := l_g[l];
        take := least(left_over, l_credits[l]);
        IF take > 0 THEN
          gained := earned(g_revenue[g], g_credits[g], g_used[g] + take) - earned(g_revenue[g], g_credits[g], g_used[g]);
          g_used[g] := g_used[g] + take;
          g_burned[g] := g_burned[g] + take;
          l_posted[l] := take;
          l_revenue[l] := gained;
          o_revenue[n] := o_revenue[n] + gained;
          left_over := left_over - take;
        END IF;
        g_released[g] := g_released[g] + l_credits[l];
        IF take < l_credits[l] AND g_expires[g] IS NOT NULL THEN
          a_expiry[a] := least(a_expiry[a], g_expires[g]);
        END IF;
        l := l + 1;
      END LOOP;
      a_posted[a] := a_posted[a] - o_posted[n];
      a_reserved[a] := a_reserved[a] - s_reserved[n];
      a_sequence[a] := a_sequence[a] + 1;
      a_changed[a] := true;
      e_kind[n] := CASE i_action[n] WHEN 'POST' THEN 'POST' WHEN 'VOID' THEN 'VOID' ELSE 'EXPIRE_RESERVATION' END::entry_kind;
      e_sequence[n] := a_sequence[a];
      e_posted[n] := -o_posted[n];
      e_reserved[n] := -s_reserved[n];
      e_available[n] := a_posted[a] - a_reserved[a];
    END IF;
  END LOOP;

  -- Attempts and what they add up to. One that stands already is corrected in the hour in which it was booked.
  WITH incoming AS (
    SELECT x.id, x."generationId" AS generation_id, x.number, x.provider, x.model, x.outcome::attempt_outcome AS outcome,
      x.cost, x."costSource" AS cost_source, x."costSource" = 'cache' AS hit, x."modelCostId" AS model_cost_id, x."durationMs" AS duration_ms,
      x."jobId" AS job_id, x.error, x."startedAt" AS started_at, gen.operation, gen.account_id, gen.tier, gen.country,
      -- Lost is what was paid for a customer who had the credits back: every failure, and a success that came to nothing.
      x.outcome <> 'SUCCEEDED' OR u.outcome = 'LATE' OR u.action <> 'POST' AS lost,
      CASE WHEN x.final AND u.outcome = 'SETTLED' THEN u.posted ELSE 0 END AS credits,
      CASE WHEN x.final AND u.outcome = 'SETTLED' THEN u.revenue ELSE 0 END AS revenue
    FROM jsonb_to_recordset(p_attempts) AS x(id uuid, "generationId" uuid, number int, provider text, model text, outcome text,
        cost bigint, "costSource" text, "modelCostId" uuid, "durationMs" int, "jobId" text, error text, "startedAt" timestamptz, final boolean)
      JOIN unnest(i_id, i_action, o_outcome, o_posted, o_revenue) AS u(id, action, outcome, posted, revenue) ON u.id = x."generationId"
      JOIN generation gen ON gen.id = x."generationId"
    WHERE u.outcome IN ('SETTLED', 'LATE')
  ), standing AS (
    -- Attempts are only booked here: a reservation that is resolved just now has none.
    SELECT att.* FROM attempt att JOIN incoming i ON i.generation_id = att.generation_id AND i.number = att.number
    WHERE v_late
  ), written AS (
    INSERT INTO attempt AS att (id, generation_id, number, provider, model, operation, account_id, tier, country, outcome, cost_micros,
        cost_source, model_cost_id, credits_charged, revenue_micros, duration_ms, job_id, error, started_at, booked_at)
      SELECT i.id, i.generation_id, i.number, i.provider, i.model, i.operation, i.account_id, i.tier, i.country, i.outcome, i.cost,
        i.cost_source, i.model_cost_id, i.credits, i.revenue, i.duration_ms, i.job_id, i.error, i.started_at, p_now
      FROM incoming i
      ON CONFLICT (generation_id, number) DO UPDATE SET outcome = excluded.outcome, cost_micros = excluded.cost_micros,
        cost_source = excluded.cost_source, duration_ms = excluded.duration_ms, job_id = coalesce(excluded.job_id, att.job_id),
        error = excluded.error, credits_charged = excluded.credits_charged, revenue_micros = excluded.revenue_micros
  ), lines AS (
    SELECT date_trunc('hour', coalesce(st.booked_at, p_now), 'UTC') AS hour, coalesce(st.provider, i.provider) AS provider,
      coalesce(st.model, i.model) AS model, i.operation, i.tier, coalesce(i.country, '') AS country,
      1 AS sign, i.outcome = 'SUCCEEDED' AS succeeded, i.hit, i.lost, i.credits, i.cost, i.revenue, i.duration_ms
    FROM incoming i LEFT JOIN standing st ON st.generation_id = i.generation_id AND st.number = i.number
    UNION ALL
    SELECT date_trunc('hour', st.booked_at, 'UTC'), st.provider, st.model, st.operation, st.tier, coalesce(st.country, ''),
      -1, st.outcome = 'SUCCEEDED', st.cost_source = 'cache', true, st.credits_charged, st.cost_micros, st.revenue_micros, st.duration_ms
    FROM standing st
  )
  INSERT INTO hourly_summary AS h (hour, provider, model, operation, tier, country, calls, succeeded, failed, credits, cost_micros,
      lost_cost_micros, revenue_micros, duration_ms, cache_hits)
    SELECT li.hour, li.provider, li.model, li.operation, li.tier, li.country, sum(li.sign),
      sum(CASE WHEN li.succeeded THEN li.sign ELSE 0 END), sum(CASE WHEN li.succeeded THEN 0 ELSE li.sign END),
      sum(li.sign * li.credits), sum(li.sign * li.cost), sum(CASE WHEN li.lost THEN li.sign * li.cost ELSE 0 END),
      sum(li.sign * li.revenue), sum(li.sign * li.duration_ms), sum(CASE WHEN li.hit THEN li.sign ELSE 0 END)
    FROM lines li GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (hour, provider, model, operation, tier, country) DO UPDATE SET
      calls = h.calls + excluded.calls, succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
      credits = h.credits + excluded.credits, cost_micros = h.cost_micros + excluded.cost_micros,
      lost_cost_micros = h.lost_cost_micros + excluded.lost_cost_micros, revenue_micros = h.revenue_micros + excluded.revenue_micros,
      duration_ms = h.duration_ms + excluded.duration_ms, cache_hits = h.cache_hits + excluded.cache_hits;

  -- What each reservation costs now, against what had been allowed for it.
  SELECT array_agg(coalesce(c.cost, 0) ORDER BY u.ord) INTO o_cost
    FROM unnest(i_id) WITH ORDINALITY AS u(id, ord)
    LEFT JOIN (SELECT att.generation_id, sum(att.cost_micros)::bigint AS cost FROM attempt att WHERE att.generation_id = ANY (i_id) GROUP BY 1) c
      ON c.generation_id = u.id;
  d_spent := array_fill(0::bigint, ARRAY[i_count]);
  d_reserved := array_fill(0::bigint, ARRAY[i_count]);
  d_excess := array_fill(0::bigint, ARRAY[i_count]);
  FOR n IN 1..i_count LOOP
    IF o_outcome[n] = 'SETTLED' THEN
      -- Attempts before the last are in their own windows already.
      d_spent[n] := o_cost[n] - s_cost[n];
      d_reserved[n] := -s_ceiling[n];
      d_excess[n] := greatest(o_cost[n] - s_cost[n] - s_ceiling[n], 0);
    ELSIF o_outcome[n] = 'LATE' THEN
      d_spent[n] := o_cost[n] - s_cost[n];
      d_excess[n] := greatest(o_cost[n] - s_cost[n], 0);
    END IF;
  END LOOP;
  UPDATE reservation r SET
      status = CASE WHEN u.resolves THEN CASE u.action WHEN 'POST' THEN 'POSTED' WHEN 'VOID' THEN 'VOIDED' ELSE 'EXPIRED' END::reservation_status ELSE r.status END,
      resolved_at = CASE WHEN u.resolves THEN p_now ELSE r.resolved_at END,
      credits_posted = CASE WHEN u.resolves THEN u.posted ELSE r.credits_posted END, cost_micros = u.cost
    FROM (SELECT x.id, x.action, x.outcome, x.posted, x.cost, x.outcome = 'SETTLED' AS resolves
          FROM unnest(i_id, i_action, o_outcome, o_posted, o_cost) AS x(id, action, outcome, posted, cost)) u
    WHERE r.id = u.id AND u.outcome IN ('SETTLED', 'LATE');

  UPDATE reservation_grant rg SET credits_posted = u.posted, revenue_micros = u.revenue
    FROM unnest(l_id, l_position, l_posted, l_revenue) AS u(id, position, posted, revenue)
    WHERE rg.reservation_id = u.id AND rg.position = u.position AND u.posted > 0;

  UPDATE "grant" gr SET used = gr.used + u.burned, reserved = gr.reserved - u.released,
      exhausted = (gr.used + u.burned + gr.expired + gr.revoked = gr.credits)
    FROM unnest(g_id, g_burned, g_released) AS u(id, burned, released) WHERE gr.id = u.id AND u.released > 0;

  UPDATE account acc SET posted = u.posted, reserved = u.reserved, entry_sequence = u.sequence, updated_at = p_now,
      next_expiry_at = least(acc.next_expiry_at, u.expiry)
    FROM unnest(a_id, a_posted, a_reserved, a_sequence, a_changed, a_expiry) AS u(id, posted, reserved, sequence, changed, expiry)
    WHERE acc.id = u.id AND u.changed;

  INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, generation_id, created_at)
    SELECT a_id[u.a], u.sequence, u.kind, u.posted - u.reserved, u.posted, u.reserved, u.available, u.id, p_now
    FROM unnest(s_a, e_sequence, e_kind, e_posted, e_reserved, e_available, i_id) AS u(a, sequence, kind, posted, reserved, available, id)
    WHERE u.kind IS NOT NULL;

  UPDATE generation gen SET
      status = CASE WHEN u.resolves THEN u.status::generation_status ELSE gen.status END,
      provider = CASE WHEN u.resolves THEN coalesce(u.provider, gen.provider) ELSE gen.provider END,
      model = CASE WHEN u.resolves THEN coalesce(u.model, gen.model) ELSE gen.model END,
      credits_charged = CASE WHEN u.resolves THEN u.posted ELSE gen.credits_charged END,
      revenue_micros = CASE WHEN u.resolves THEN u.revenue ELSE gen.revenue_micros END,
      cost_micros = u.cost,
      completed_at = CASE WHEN u.resolves THEN p_now ELSE gen.completed_at END,
      cached = CASE WHEN u.resolves THEN u.cached ELSE gen.cached END,
      failure_code = CASE WHEN u.resolves THEN u.failure_code ELSE gen.failure_code END,
      failure_message = CASE WHEN u.resolves THEN u.failure_message ELSE gen.failure_message END,
      failure_retryable = CASE WHEN u.resolves THEN u.failure_retryable ELSE gen.failure_retryable END,
      retry_after_seconds = CASE WHEN u.resolves THEN u.retry_after_seconds ELSE gen.retry_after_seconds END
    FROM (SELECT x.*, x.outcome = 'SETTLED' AS resolves
          FROM unnest(i_id, o_outcome, o_posted, o_revenue, o_cost, i_status, i_provider, i_model, i_failure_code, i_failure_message,
              i_failure_retryable, i_retry_after, i_cached)
            AS x(id, outcome, posted, revenue, cost, status, provider, model, failure_code, failure_message, failure_retryable,
              retry_after_seconds, cached)) u
    WHERE gen.id = u.id AND u.outcome IN ('SETTLED', 'LATE');

  INSERT INTO output (id, generation_id, position, sha256, content_type, bytes, width, height, duration_seconds)
    SELECT x.id, x."generationId", x.position, x.sha256, x."contentType", x.bytes, x.width, x.height, x."durationSeconds"
    FROM jsonb_to_recordset(p_outputs) AS x(id uuid, "generationId" uuid, position int, sha256 text, "contentType" text, bytes int,
        width int, height int, "durationSeconds" double precision)
      JOIN unnest(i_id, i_action, o_outcome) AS u(id, action, outcome) ON u.id = x."generationId"
    WHERE u.outcome = 'SETTLED' AND u.action = 'POST';

  -- Credits that came back to a grant which has expired meanwhile are gone at once, so that the balance told is true.
  FOR a IN 1..coalesce(array_length(a_id, 1), 0) LOOP
    IF a_expiry[a] <= p_now AND NOT coalesce(a_id[a] = ANY (v_due), false) THEN
      v_due := v_due || a_id[a];
    END IF;
  END LOOP;
  IF v_due IS NOT NULL THEN
    PERFORM ledger_refresh(p_now, v_due);
    SELECT array_agg(acc.posted ORDER BY acc.id) INTO a_posted FROM account acc WHERE acc.id = ANY (a_id);
  END IF;

  -- Windows last: every reservation of the budget waits for them until this is committed.
  WITH d AS MATERIALIZED (
    SELECT x.w, sum(u.spent)::bigint AS spent, sum(u.reserved)::bigint AS reserved, sum(u.excess)::bigint AS excess
    FROM unnest(s_windows, d_spent, d_reserved, d_excess) AS u(windows, spent, reserved, excess)
      CROSS JOIN LATERAL unnest(u.windows::bigint[]) AS x(w)
    WHERE u.spent <> 0 OR u.reserved <> 0 OR u.excess <> 0 GROUP BY x.w
  ), locked AS MATERIALIZED (
    SELECT bw.id FROM budget_window bw WHERE bw.id IN (SELECT d.w FROM d) ORDER BY bw.id FOR UPDATE
  )
  UPDATE budget_window bw SET spent_micros = bw.spent_micros + d.spent, reserved_micros = bw.reserved_micros + d.reserved,
      excess_micros = bw.excess_micros + d.excess
    FROM locked JOIN d ON d.w = locked.id WHERE bw.id = locked.id;

  RETURN QUERY SELECT u.outcome, a_id[u.a], CASE WHEN u.outcome IN ('ALREADY', 'FOLLOWED') THEN u.before ELSE u.posted END, u.cost,
      CASE WHEN u.outcome IN ('ALREADY', 'FOLLOWED') THEN (SELECT gen.revenue_micros FROM generation gen WHERE gen.id = u.id) ELSE u.revenue END,
      a_posted[u.a], a_reserved[u.a]
    FROM unnest(i_id, o_outcome, s_a, o_posted, s_posted, o_cost, o_revenue) WITH ORDINALITY AS u(id, outcome, a, posted, before, cost, revenue, ord)
    ORDER BY u.ord;
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
