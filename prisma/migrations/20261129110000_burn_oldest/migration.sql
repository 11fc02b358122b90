-- Of grants that are alike but for their age, the one burns first whose credits were there first. When a purchase is heard of
-- decides that no longer: its credits are effective from when it was paid, and two whose events overtake each other burn in the
-- order in which they were bought.

-- As before, and the oldest is the one that is effective from the earliest instant.
CREATE OR REPLACE FUNCTION ledger_reserve(p_now timestamptz, p_process uuid, p_retry boolean,
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
                ORDER BY gr.account_id, gr.priority, gr.expires_at NULLS LAST, gr.revenue_micros > 0,
                  gr.effective_at, gr.id) x) s
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

DROP FUNCTION ledger_grant;

-- As before, and effective from p_effective where that is over; else from now.
CREATE FUNCTION ledger_grant(p_now timestamptz, p_id uuid, p_account uuid, p_namespace text, p_key text, p_hash text,
  p_source grant_source, p_credits int, p_revenue bigint, p_priority int, p_expires timestamptz, p_reason text, p_actor text,
  p_effective timestamptz DEFAULT NULL)
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
    VALUES (p_id, p_account, p_source, p_credits, p_revenue, p_priority, least(p_effective, p_now), p_expires, p_reason, p_now);
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
