-- Whoever delivers alerts is told of what was seen, and when it is over.
DROP FUNCTION low_balance_look(timestamptz, uuid[]);

-- Looks whether accounts are low, and writes an event for each that has become so. An account that is known to be low is
-- armed again by any entry since then at which it was not: so also when it rose and fell between two looks, and each entry is
-- looked at once. Answers those that are low, with the event if they have become so now, and whether a top-up is due; and those
-- that were low and are not any more.
CREATE FUNCTION low_balance_look(p_now timestamptz, p_accounts uuid[])
RETURNS TABLE (account_id uuid, is_low boolean, event_id uuid, threshold int, available int, due boolean) LANGUAGE plpgsql AS $$
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
        FROM looked l
        WHERE t.account_id = l.account_id
          AND ((l.is_low AND l.seen_sequence <> l.entry_sequence) OR (l.low_since IS NOT NULL) <> l.is_low)
    ), events AS (
      INSERT INTO low_balance_event AS v (id, account_id, threshold, available, at)
        SELECT uuid_v7(p_now), l.account_id, l.threshold, l.available, p_now FROM looked l WHERE l.is_low AND l.armed
        RETURNING v.id, v.account_id
    )
    SELECT l.account_id, l.is_low, e.id, l.threshold, l.available, l.is_low AND l.due
    FROM looked l LEFT JOIN events e ON e.account_id = l.account_id
    WHERE l.is_low OR l.low_since IS NOT NULL ORDER BY l.account_id;
END $$;
