-- CreateEnum
CREATE TYPE "referral_state" AS ENUM ('PENDING', 'PAID', 'CAPPED', 'LAPSED');

-- CreateTable
CREATE TABLE "reward_rules" (
    "price_list_id" TEXT NOT NULL,
    "wheel_on" BOOLEAN NOT NULL,
    "wheel_chance" INTEGER NOT NULL,
    "wheel_model" TEXT,
    "wheel_prize_days" INTEGER NOT NULL,
    "wheel_daily_cost_micros" BIGINT NOT NULL,
    "referral_credits" INTEGER NOT NULL,
    "referral_days" INTEGER NOT NULL,
    "referral_monthly_cap" INTEGER NOT NULL,
    "referral_total_cap" INTEGER NOT NULL,

    CONSTRAINT "reward_rules_pkey" PRIMARY KEY ("price_list_id")
);

-- CreateTable
CREATE TABLE "referral_code" (
    "account_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "referral_code_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "referral" (
    "account_id" UUID NOT NULL,
    "referrer_id" UUID NOT NULL,
    "state" "referral_state" NOT NULL DEFAULT 'PENDING',
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "paid_at" TIMESTAMPTZ(6),
    "friend_grant_id" UUID,
    "referrer_grant_id" UUID,

    CONSTRAINT "referral_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "wheel_seed" (
    "account_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "seed" TEXT NOT NULL,
    "commitment" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "wheel_seed_pkey" PRIMARY KEY ("account_id","day")
);

-- CreateTable
CREATE TABLE "wheel_spin" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "client_seed" TEXT NOT NULL,
    "ticket" INTEGER NOT NULL,
    "chance" INTEGER NOT NULL,
    "model" TEXT NOT NULL,
    "credits" INTEGER NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "grant_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "wheel_spin_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "wheel_day" (
    "day" DATE NOT NULL,
    "spins" INTEGER NOT NULL,
    "wins" INTEGER NOT NULL,
    "cost_micros" BIGINT NOT NULL,

    CONSTRAINT "wheel_day_pkey" PRIMARY KEY ("day")
);

-- CreateIndex
CREATE UNIQUE INDEX "referral_code_code_key" ON "referral_code"("code");

-- CreateIndex
CREATE INDEX "referral_referrer_id_account_id_idx" ON "referral"("referrer_id", "account_id");

-- CreateIndex
CREATE UNIQUE INDEX "wheel_spin_account_id_day_key" ON "wheel_spin"("account_id", "day");

-- Rewards: what no defect may get past, and the functions that give credits. server/rewards/README.md is their specification.
--
-- Order of locks as in the ledger: accounts by id, idempotency keys; then rows of this room.

ALTER TABLE reward_rules ADD CONSTRAINT reward_rules_figures CHECK (
  wheel_chance BETWEEN 0 AND 1000000 AND wheel_prize_days BETWEEN 1 AND 3650 AND wheel_daily_cost_micros >= 0
  AND referral_credits >= 0 AND referral_days BETWEEN 1 AND 3650 AND referral_monthly_cap >= 0 AND referral_total_cap >= 0);
ALTER TABLE referral
  ADD CONSTRAINT referral_of_another CHECK (account_id <> referrer_id),
  ADD CONSTRAINT referral_paid CHECK ((state = 'PENDING') = (paid_at IS NULL));
ALTER TABLE wheel_spin ADD CONSTRAINT wheel_spin_draw CHECK (
  ticket BETWEEN 0 AND 999999 AND chance BETWEEN 0 AND 1000000 AND (grant_id IS NULL OR ticket < chance));
ALTER TABLE wheel_day ADD CONSTRAINT wheel_day_sums CHECK (spins >= wins AND wins >= 0 AND cost_micros >= 0);

CREATE TRIGGER wheel_seed_is_immutable BEFORE UPDATE OR DELETE ON wheel_seed
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wheel_spin_is_immutable BEFORE UPDATE OR DELETE ON wheel_spin
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One spin in five wins a clip of 5 s that is good for two weeks. A bonus is about one clip (tokens) or one picture (dtf).
INSERT INTO reward_rules (price_list_id, wheel_on, wheel_chance, wheel_model, wheel_prize_days, wheel_daily_cost_micros,
  referral_credits, referral_days, referral_monthly_cap, referral_total_cap) VALUES
  ('tokens', true, 200000, NULL, 14, 10000000, 20, 90, 10, 100),
  ('dtf', true, 200000, NULL, 14, 10000000, 1, 90, 10, 100);

-- ------------------------------------------------------------------------------------------------ keys

-- Claims an idempotency key for something that is to be done once. Outcomes: NEW, REPLAY (with what it made), CONFLICT.
-- Waits for another transaction that is just using the key.
CREATE FUNCTION idempotency_claim(p_now timestamptz, p_namespace text, p_key text, p_operation text, p_hash text, p_id uuid)
RETURNS TABLE (outcome text, result_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_record idempotency_record;
BEGIN
  INSERT INTO idempotency_record (namespace, key, operation, input_hash, result_id, created_at)
    VALUES (p_namespace, p_key, p_operation, p_hash, p_id, p_now) ON CONFLICT DO NOTHING;
  SELECT * INTO v_record FROM idempotency_record r WHERE r.namespace = p_namespace AND r.key = p_key;
  RETURN QUERY SELECT CASE WHEN v_record.result_id = p_id THEN 'NEW'
    WHEN v_record.operation = p_operation AND v_record.input_hash = p_hash THEN 'REPLAY' ELSE 'CONFLICT' END, v_record.result_id;
END $$;

-- ------------------------------------------------------------------------------------------------ referrals

-- Locks an account and whoever a payment of it would give a bonus to, in order of id. For a transaction that will call
-- rewards_first_payment, in the place of its own lock of the account: so it waits for nobody in a circle.
CREATE FUNCTION rewards_lock(p_account uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM account a
    WHERE a.id = p_account OR a.id = (SELECT r.referrer_id FROM referral r WHERE r.account_id = p_account AND r.state = 'PENDING')
    ORDER BY a.id FOR UPDATE;
END $$;

-- Pays both sides of a referral, once; to be called in the transaction that books an account's first payment. Answers the
-- state that the referral is in now, or null when nothing was pending.
CREATE FUNCTION rewards_first_payment(p_now timestamptz, p_account uuid) RETURNS referral_state LANGUAGE plpgsql AS $$
DECLARE
  v_referral referral;
  v_rules reward_rules;
  v_state referral_state := 'PAID';
  v_expires timestamptz;
  v_friend uuid;
  v_referrer uuid;
BEGIN
  PERFORM rewards_lock(p_account);
  SELECT * INTO v_referral FROM referral r WHERE r.account_id = p_account AND r.state = 'PENDING' FOR UPDATE;
  IF v_referral.account_id IS NULL THEN RETURN NULL; END IF;
  SELECT l.* INTO v_rules FROM setting s JOIN reward_rules l ON l.price_list_id = s.value WHERE s.key = 'price-list';

  IF coalesce(v_rules.referral_credits, 0) = 0 THEN
    v_state := 'LAPSED';
  ELSE
    -- The referrer's account is locked, so that no other of its referrals is counted meanwhile.
    SELECT CASE WHEN count(*) >= v_rules.referral_total_cap
        OR count(*) FILTER (WHERE r.paid_at >= date_trunc('month', p_now, 'UTC')) >= v_rules.referral_monthly_cap THEN 'CAPPED' ELSE 'PAID' END
      INTO v_state FROM referral r WHERE r.referrer_id = v_referral.referrer_id AND r.state = 'PAID';
    v_expires := p_now + make_interval(days => v_rules.referral_days);
    SELECT g.grant_id INTO v_friend FROM ledger_grant(p_now, uuid_v7(p_now), p_account, 'system', 'referral-friend:' || p_account, 'referral',
      'REFERRAL', v_rules.referral_credits, 0, 10, v_expires, 'Bonus for coming by a friend''s word', 'system') g;
    IF v_state = 'PAID' THEN
      SELECT g.grant_id INTO v_referrer FROM ledger_grant(p_now, uuid_v7(p_now), v_referral.referrer_id, 'system', 'referral-referrer:' || p_account, 'referral',
        'REFERRAL', v_rules.referral_credits, 0, 10, v_expires, 'Bonus for a friend who has first paid', 'system') g;
    END IF;
  END IF;
  UPDATE referral SET state = v_state, paid_at = p_now, friend_grant_id = v_friend, referrer_grant_id = v_referrer
    WHERE account_id = p_account;
  INSERT INTO audit_log (id, at, actor, action, subject, detail) VALUES (uuid_v7(p_now), p_now, 'system', 'referral.paid', p_account::text,
    jsonb_build_object('referrer', v_referral.referrer_id, 'state', v_state));
  RETURN v_state;
END $$;

-- Locks the account of an app's user, if there is one, and the owner of a code, in order of id: before the account is
-- made or changed in the same transaction.
CREATE FUNCTION referral_lock(p_external_id text, p_code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM account a
    WHERE a.external_id = p_external_id OR a.id = (SELECT c.account_id FROM referral_code c WHERE c.code = p_code)
    ORDER BY a.id FOR UPDATE;
END $$;

-- Notes who referred an account. Outcomes: UNKNOWN (no such code), ONESELF, SAME (it is noted already), TAKEN (another
-- is), CYCLE (it is the other way round already), PAID (the account has paid before), REFERRED. The caller holds both
-- accounts' locks.
CREATE FUNCTION referral_set(p_now timestamptz, p_account uuid, p_code text, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_referrer uuid;
  v_present uuid;
BEGIN
  SELECT c.account_id INTO v_referrer FROM referral_code c WHERE c.code = p_code;
  IF v_referrer IS NULL THEN RETURN 'UNKNOWN'; END IF;
  IF v_referrer = p_account THEN RETURN 'ONESELF'; END IF;
  SELECT r.referrer_id INTO v_present FROM referral r WHERE r.account_id = p_account;
  IF v_present IS NOT NULL THEN RETURN CASE WHEN v_present = v_referrer THEN 'SAME' ELSE 'TAKEN' END; END IF;
  IF EXISTS (SELECT 1 FROM referral r WHERE r.account_id = v_referrer AND r.referrer_id = p_account) THEN RETURN 'CYCLE'; END IF;
  IF EXISTS (SELECT 1 FROM "grant" g WHERE g.account_id = p_account AND g.source IN ('PLAN', 'PURCHASE') AND g.revenue_micros > 0) THEN
    RETURN 'PAID';
  END IF;
  INSERT INTO referral (account_id, referrer_id, created_at) VALUES (p_account, v_referrer, p_now);
  INSERT INTO audit_log (id, at, actor, action, subject, detail) VALUES (uuid_v7(p_now), p_now, p_actor, 'referral.set', p_account::text,
    jsonb_build_object('referrer', v_referrer));
  RETURN 'REFERRED';
END $$;

-- ------------------------------------------------------------------------------------------------ the wheel

-- Books a spin that was drawn with the seed of the account and day, and gives its prize. Outcomes, in order of precedence:
-- ACCOUNT_NOT_FOUND, REPLAY (with the spin that the key made), CONFLICT, OTHER_DAY (the account's day is not p_day any
-- more), ALREADY_SPUN, CLOSED (one more prize would pass the cap of the site's day, whatever the draw), SPUN. All but SPUN
-- leave nothing behind.
CREATE FUNCTION wheel_spin(p_now timestamptz, p_id uuid, p_account uuid, p_namespace text, p_key text, p_hash text, p_day date,
  p_client_seed text, p_ticket int, p_chance int, p_model text, p_credits int, p_cost bigint, p_cap bigint, p_expires timestamptz,
  p_actor text)
RETURNS TABLE (outcome text, spin_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_account account;
  v_outcome text;
  v_id uuid;
  v_won boolean := p_ticket < p_chance;
  v_grant uuid;
  v_today date := (p_now AT TIME ZONE 'UTC')::date;
BEGIN
  SELECT * INTO v_account FROM account a WHERE a.id = p_account FOR UPDATE;
  IF v_account.id IS NULL THEN RETURN QUERY SELECT 'ACCOUNT_NOT_FOUND', NULL::uuid; RETURN; END IF;
  SELECT c.outcome, c.result_id INTO v_outcome, v_id FROM idempotency_claim(p_now, p_namespace, p_key, 'SPIN', p_hash, p_id) c;
  IF v_outcome <> 'NEW' THEN RETURN QUERY SELECT v_outcome, v_id; RETURN; END IF;

  v_outcome := 'SPUN';
  IF (p_now AT TIME ZONE v_account.time_zone)::date <> p_day THEN
    v_outcome := 'OTHER_DAY';
  -- A later day counts too: a change of the time zone gives no second spin.
  ELSIF EXISTS (SELECT 1 FROM wheel_spin s WHERE s.account_id = p_account AND s.day >= p_day) THEN
    v_outcome := 'ALREADY_SPUN';
  ELSE
    INSERT INTO wheel_day AS d (day, spins, wins, cost_micros) VALUES (v_today, 0, 0, 0) ON CONFLICT DO NOTHING;
    UPDATE wheel_day d SET spins = d.spins + 1, wins = d.wins + v_won::int, cost_micros = d.cost_micros + CASE WHEN v_won THEN p_cost ELSE 0 END
      WHERE d.day = v_today AND d.cost_micros + p_cost <= p_cap;
    IF NOT FOUND THEN v_outcome := 'CLOSED'; END IF;
  END IF;
  IF v_outcome <> 'SPUN' THEN
    DELETE FROM idempotency_record r WHERE r.namespace = p_namespace AND r.key = p_key;
    RETURN QUERY SELECT v_outcome, NULL::uuid;
    RETURN;
  END IF;

  IF v_won THEN
    SELECT g.grant_id INTO v_grant FROM ledger_grant(p_now, uuid_v7(p_now), p_account, 'system', 'wheel:' || p_id, 'wheel', 'PRIZE',
      p_credits, 0, 10, p_expires, 'Won at the wheel: a clip of 5 s', p_actor) g;
  END IF;
  INSERT INTO wheel_spin (id, account_id, day, client_seed, ticket, chance, model, credits, cost_micros, grant_id, created_at)
    VALUES (p_id, p_account, p_day, p_client_seed, p_ticket, p_chance, p_model, p_credits, p_cost, v_grant, p_now);
  RETURN QUERY SELECT 'SPUN', p_id;
END $$;

-- What rewards have cost: of each generation's cost the part that was made with credits of PRIZE and REFERRAL grants. The
-- parts of one generation are differences of a running share, so that over all of its grants they add up to the micro.
CREATE VIEW reward_cost AS
  SELECT x.generation_id, x.account_id, x.grant_id, x.source, x.credits, x.booked_at,
    (x.cost_micros * x.upto / x.total - x.cost_micros * (x.upto - x.credits) / x.total)::bigint AS cost_micros
  FROM (
    SELECT r.id AS generation_id, r.account_id, part.grant_id, g.source, part.credits_posted AS credits, r.resolved_at AS booked_at,
      r.cost_micros, sum(part.credits_posted) OVER (PARTITION BY r.id ORDER BY part.position) AS upto, r.credits_posted AS total
    FROM reservation_grant part JOIN reservation r ON r.id = part.reservation_id JOIN "grant" g ON g.id = part.grant_id
    WHERE r.status = 'POSTED' AND part.credits_posted > 0
  ) x WHERE x.source IN ('PRIZE', 'REFERRAL');
