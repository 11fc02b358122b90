-- The next rows of a cursor whose rows are one text each, put together; empty when there are none left. A client that is sent
-- a row each makes objects of millions of them, and keeps hundreds of megabytes for these.
CREATE FUNCTION cursor_text(p_cursor refcursor, p_rows int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_text text;
  v_texts text[] := '{}';
BEGIN
  FOR n IN 1 .. p_rows LOOP
    FETCH p_cursor INTO v_text;
    EXIT WHEN NOT FOUND;
    v_texts := v_texts || v_text;
  END LOOP;
  RETURN array_to_string(v_texts, '');
END $$;
