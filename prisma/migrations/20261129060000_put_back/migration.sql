-- AlterTable
ALTER TABLE "payment_part" ADD COLUMN     "taken" INTEGER NOT NULL DEFAULT 0;

-- What was taken before this was counted: all that left the grant, but for what an operator took.
UPDATE payment_part s SET taken = greatest(0, g.revoked + g.revoke_pending
    - coalesce((SELECT sum(r.revoked + r.pending) FROM revocation r WHERE r.grant_id = g.id), 0))
  FROM "grant" g WHERE g.id = s.grant_id;

ALTER TABLE payment_part ADD CONSTRAINT payment_part_taken CHECK (taken BETWEEN 0 AND credits);

-- ------------------------------------------------------------------------------------------------ put back

-- Puts back at most p_credits of what was taken from a grant, as if they had never been taken: first what waits to be taken
-- once a call releases it, then what is gone. They burn and expire with their grant. A part of the caller's transaction,
-- which sees to it that it happens once.
--
-- Answers how many were put back, of those that were gone, and what they will earn.
CREATE FUNCTION ledger_put_back(p_now timestamptz, p_grant uuid, p_credits int, p_reason text)
RETURNS TABLE (back int, deferred_micros bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_account account;
  v_grant "grant";
  v_gone int;
  v_wait int;
  v_back int;
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
  v_wait := least(greatest(p_credits, 0), v_grant.revoke_pending);
  v_back := least(greatest(p_credits, 0) - v_wait, v_grant.revoked, 2000000000 - v_account.posted);
  v_deferred := earned(v_grant.revenue_micros, v_grant.credits, v_gone) - earned(v_grant.revenue_micros, v_grant.credits, v_gone - v_back);
  UPDATE "grant" gr SET revoked = gr.revoked - v_back, revoke_pending = gr.revoke_pending - v_wait,
    exhausted = (v_gone - v_back = gr.credits) WHERE gr.id = p_grant;
  IF v_back > 0 THEN
    INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros,
        grant_id, reason, created_at)
      VALUES (v_account.id, v_account.entry_sequence + 1, 'REVOKE', v_back, v_back, 0, v_account.posted + v_back - v_account.reserved,
        v_deferred, p_grant, p_reason, p_now);
    UPDATE account acc SET posted = acc.posted + v_back, entry_sequence = acc.entry_sequence + 1, updated_at = p_now,
      next_expiry_at = least(acc.next_expiry_at, v_grant.expires_at) WHERE acc.id = v_account.id;
  END IF;
  RETURN QUERY SELECT v_back, v_deferred;
END $$;
