-- Why a budget changes the state of protection, for whoever reads it: an operation or a tier is named in words, and not as it
-- stands in the schema. They are those of server/words.ts.
CREATE OR REPLACE FUNCTION budget_reason(p_scope budget_scope, p_subject text, p_limit bigint, p_period budget_period, p_what text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('The %s budget of $%s %s is %s.',
    CASE
      WHEN p_scope = 'GLOBAL' THEN 'global'
      WHEN p_scope NOT IN ('OPERATION', 'TIER') THEN p_subject
      WHEN p_subject = 'PAYG' THEN '"Pay as you go"'
      ELSE '"' || left(p_subject, 1) || lower(replace(substr(p_subject, 2), '_', ' ')) || '"'
    END,
    trim_scale(p_limit::numeric / 1000000), CASE p_period WHEN 'HOUR' THEN 'an hour' ELSE 'a ' || lower(p_period::text) END, p_what)
$$;
