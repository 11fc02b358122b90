-- A version of a plan or a pack that was written for a later instant can be taken back. That it has not begun is looked at by who
-- does it, whose clock is the application's; here, that it was not sold at once and that nobody has it.
CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.effective_from > OLD.created_at
    AND NOT EXISTS (SELECT 1 FROM payment p WHERE OLD.id IN (p.plan_version_id, p.pack_version_id))
    AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.plan_version_id = OLD.id)
    AND NOT EXISTS (SELECT 1 FROM top_up t WHERE t.pack_version_id = OLD.id)
  THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'A row of % is written once and never changed.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER plan_version_is_immutable ON plan_version;
CREATE TRIGGER plan_version_is_immutable BEFORE UPDATE OR DELETE ON plan_version
  FOR EACH ROW EXECUTE FUNCTION keep_version();
DROP TRIGGER pack_version_is_immutable ON pack_version;
CREATE TRIGGER pack_version_is_immutable BEFORE UPDATE OR DELETE ON pack_version
  FOR EACH ROW EXECUTE FUNCTION keep_version();
