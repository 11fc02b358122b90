-- CreateEnum
CREATE TYPE "top_up_state" AS ENUM ('REQUESTED', 'PAID', 'DECLINED', 'UNKNOWN');

-- CreateTable
CREATE TABLE "revocation" (
    "id" UUID NOT NULL,
    "grant_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "credits" INTEGER NOT NULL,
    "revoked" INTEGER NOT NULL,
    "pending" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "revocation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auto_top_up" (
    "account_id" UUID NOT NULL,
    "threshold" INTEGER NOT NULL,
    "is_on" BOOLEAN NOT NULL,
    "pack_id" TEXT,
    "daily_cap_micros" BIGINT NOT NULL,
    "off_reason" TEXT,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(6),
    "low_since" TIMESTAMPTZ(6),
    "seen_sequence" INTEGER NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "auto_top_up_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "low_balance_event" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "threshold" INTEGER NOT NULL,
    "available" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "low_balance_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "top_up" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "pack_id" TEXT NOT NULL,
    "pack_version_id" UUID NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "credits" INTEGER NOT NULL,
    "state" "top_up_state" NOT NULL DEFAULT 'REQUESTED',
    "reason" TEXT,
    "requested_at" TIMESTAMPTZ(6) NOT NULL,
    "resolved_at" TIMESTAMPTZ(6),
    "ask_at" TIMESTAMPTZ(6) NOT NULL,
    "asks" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "top_up_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "auto_top_up_updated_at_idx" ON "auto_top_up"("updated_at");

-- CreateIndex
CREATE INDEX "top_up_account_id_id_idx" ON "top_up"("account_id", "id");

-- ------------------------------------------------------------------------------------------------ revocations

ALTER TABLE revocation ADD CONSTRAINT revocation_parts CHECK (
  credits > 0 AND revoked >= 0 AND pending >= 0 AND revoked + pending BETWEEN 1 AND credits);
CREATE TRIGGER revocation_is_immutable BEFORE UPDATE OR DELETE ON revocation
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Takes back credits of a grant, once under a key. Outcomes: GRANT_NOT_FOUND, REPLAY (with the revocation that the key
-- made), CONFLICT, NOTHING_LEFT, REVOKED. All but the last leave nothing behind.
CREATE FUNCTION credits_revoke(p_now timestamptz, p_id uuid, p_namespace text, p_key text, p_hash text, p_grant uuid, p_credits int,
  p_reason text, p_actor text)
RETURNS TABLE (outcome text, revocation_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_account uuid;
  v_outcome text;
  v_id uuid;
  v_revoked int;
  v_pending int;
BEGIN
  SELECT a.id INTO v_account FROM account a WHERE a.id = (SELECT g.account_id FROM "grant" g WHERE g.id = p_grant) FOR UPDATE;
  IF v_account IS NULL THEN RETURN QUERY SELECT 'GRANT_NOT_FOUND', NULL::uuid; RETURN; END IF;
  SELECT c.outcome, c.result_id INTO v_outcome, v_id FROM idempotency_claim(p_now, p_namespace, p_key, 'REVOKE', p_hash, p_id) c;
  IF v_outcome <> 'NEW' THEN RETURN QUERY SELECT v_outcome, v_id; RETURN; END IF;
  SELECT t.revoked, t.pending INTO v_revoked, v_pending FROM ledger_take_back(p_now, p_grant, p_credits, p_reason) t;
  IF v_revoked + v_pending = 0 THEN
    DELETE FROM idempotency_record r WHERE r.namespace = p_namespace AND r.key = p_key;
    RETURN QUERY SELECT 'NOTHING_LEFT', NULL::uuid;
    RETURN;
  END IF;
  INSERT INTO revocation (id, grant_id, account_id, credits, revoked, pending, reason, created_at)
    VALUES (p_id, p_grant, v_account, p_credits, v_revoked, v_pending, p_reason, p_now);
  INSERT INTO audit_log (id, at, actor, action, subject, reason, detail)
    VALUES (uuid_v7(p_now), p_now, p_actor, 'credits.revoke', v_account::text, p_reason,
      jsonb_build_object('grant', p_grant, 'credits', p_credits, 'revoked', v_revoked, 'pending', v_pending));
  RETURN QUERY SELECT 'REVOKED', p_id;
END $$;

-- ------------------------------------------------------------------------------------------------ low balance

ALTER TABLE auto_top_up ADD CONSTRAINT auto_top_up_figures CHECK (
  threshold > 0 AND daily_cap_micros >= 0 AND failures >= 0 AND (pack_id IS NOT NULL OR NOT is_on));
ALTER TABLE top_up ADD CONSTRAINT top_up_figures CHECK (
  amount_micros > 0 AND credits > 0 AND asks > 0 AND (state = 'REQUESTED') = (resolved_at IS NULL));
CREATE TRIGGER low_balance_event_is_immutable BEFORE UPDATE OR DELETE ON low_balance_event
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One top-up of an account is under way at the most.
CREATE UNIQUE INDEX top_up_under_way ON top_up (account_id) WHERE state = 'REQUESTED';
CREATE INDEX top_up_to_ask ON top_up (ask_at) WHERE state = 'REQUESTED';

-- Looks whether accounts are low, and writes an event for each that has become so. An account that is known to be low is
-- armed again by any entry since then at which it was not: so also when it rose and fell between two looks, and each entry is
-- looked at once. Answers those that are low: whether they have become so now, and whether a top-up is due.
CREATE FUNCTION low_balance_look(p_now timestamptz, p_accounts uuid[])
RETURNS TABLE (account_id uuid, fired boolean, due boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  -- What follows sees what others have committed before these locks were had.
  PERFORM 1 FROM auto_top_up t WHERE t.account_id = ANY (p_accounts) ORDER BY t.account_id FOR UPDATE;
  RETURN QUERY
    WITH looked AS MATERIALIZED (
      SELECT t.account_id, t.threshold, a.posted - a.reserved AS available, a.entry_sequence, t.low_since, t.seen_sequence,
        t.is_on AND (t.next_at IS NULL OR t.next_at <= p_now)
          AND NOT EXISTS (SELECT 1 FROM top_up u WHERE u.account_id = t.account_id AND u.state = 'REQUESTED') AS due,
        a.posted - a.reserved < t.threshold AS is_low,
        t.low_since IS NULL OR EXISTS (SELECT 1 FROM entry e
          WHERE e.account_id = t.account_id AND e.sequence > t.seen_sequence AND e.available_after >= t.threshold) AS armed
      FROM auto_top_up t JOIN account a ON a.id = t.account_id WHERE t.account_id = ANY (p_accounts)
    ), noted AS (
      UPDATE auto_top_up t SET seen_sequence = l.entry_sequence,
          low_since = CASE WHEN NOT l.is_low THEN NULL WHEN l.armed THEN p_now ELSE t.low_since END
        FROM looked l WHERE t.account_id = l.account_id AND ((l.is_low AND l.seen_sequence <> l.entry_sequence) OR (l.low_since IS NOT NULL) <> l.is_low)
    ), events AS (
      INSERT INTO low_balance_event (id, account_id, threshold, available, at)
        SELECT uuid_v7(p_now), l.account_id, l.threshold, l.available, p_now FROM looked l WHERE l.is_low AND l.armed
    )
    SELECT l.account_id, l.armed, l.due FROM looked l WHERE l.is_low ORDER BY l.account_id;
END $$;

-- ------------------------------------------------------------------------------------------------ top-ups

-- Begins a top-up, if one may begin. Outcomes: OFF (also when the pack is another one by now), NOT_LOW, UNDER_WAY, WAITING
-- (cooldown or back-off), CAPPED (the day's cap leaves no room; nothing is tried before the account's next midnight), BEGUN.
CREATE FUNCTION top_up_begin(p_now timestamptz, p_id uuid, p_account uuid, p_pack text, p_version uuid, p_amount bigint, p_credits int,
  p_ask timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_auto auto_top_up;
  v_account account;
  v_today timestamp;
BEGIN
  SELECT * INTO v_auto FROM auto_top_up t WHERE t.account_id = p_account FOR UPDATE;
  IF v_auto.account_id IS NULL OR NOT v_auto.is_on OR v_auto.pack_id <> p_pack THEN RETURN 'OFF'; END IF;
  SELECT * INTO v_account FROM account a WHERE a.id = p_account;
  IF v_account.posted - v_account.reserved >= v_auto.threshold THEN RETURN 'NOT_LOW'; END IF;
  IF EXISTS (SELECT 1 FROM top_up u WHERE u.account_id = p_account AND u.state = 'REQUESTED') THEN RETURN 'UNDER_WAY'; END IF;
  IF v_auto.next_at > p_now THEN RETURN 'WAITING'; END IF;
  -- What may have been paid counts as paid.
  v_today := date_trunc('day', p_now AT TIME ZONE v_account.time_zone);
  IF p_amount + (SELECT coalesce(sum(u.amount_micros), 0) FROM top_up u
      WHERE u.account_id = p_account AND u.state <> 'DECLINED' AND u.requested_at >= v_today AT TIME ZONE v_account.time_zone) > v_auto.daily_cap_micros THEN
    UPDATE auto_top_up SET next_at = (v_today + interval '1 day') AT TIME ZONE v_account.time_zone WHERE account_id = p_account;
    RETURN 'CAPPED';
  END IF;
  INSERT INTO top_up (id, account_id, pack_id, pack_version_id, amount_micros, credits, requested_at, ask_at)
    VALUES (p_id, p_account, p_pack, p_version, p_amount, p_credits, p_now, p_ask);
  RETURN 'BEGUN';
END $$;

-- Ends a top-up, once; false when it has ended already. After a payment the next one waits for the cooldown; after the nth
-- decline in a row it waits for the back-off doubled n−1 times, and after the last that is borne, or when p_off says so,
-- auto top-up is switched off with the reason.
CREATE FUNCTION top_up_end(p_now timestamptz, p_id uuid, p_state top_up_state, p_reason text, p_off boolean, p_cooldown interval,
  p_back_off interval, p_most int)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_account uuid;
  v_auto auto_top_up;
  v_off boolean;
BEGIN
  SELECT u.account_id INTO v_account FROM top_up u WHERE u.id = p_id;
  SELECT * INTO v_auto FROM auto_top_up t WHERE t.account_id = v_account FOR UPDATE;
  UPDATE top_up SET state = p_state, reason = p_reason, resolved_at = p_now WHERE id = p_id AND state = 'REQUESTED';
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_state = 'PAID' THEN
    UPDATE auto_top_up SET failures = 0, next_at = p_now + p_cooldown WHERE account_id = v_account;
    RETURN true;
  END IF;
  v_off := v_auto.is_on AND (p_off OR v_auto.failures + 1 >= p_most);
  UPDATE auto_top_up SET failures = failures + 1, next_at = p_now + p_back_off * (2 ^ least(failures, 20)), is_on = is_on AND NOT v_off,
      off_reason = CASE WHEN v_off THEN p_reason ELSE off_reason END, updated_at = p_now
    WHERE account_id = v_account;
  IF v_off THEN
    INSERT INTO audit_log (id, at, actor, action, subject, reason, detail)
      VALUES (uuid_v7(p_now), p_now, 'system', 'top-up.off', v_account::text, p_reason, jsonb_build_object('topUp', p_id));
  END IF;
  RETURN true;
END $$;
