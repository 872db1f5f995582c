-- depends: 202611281940_review_drafts_of_playbooks_and_keep_their_versions

SET LOCAL lock_timeout = '5s';

-- Of the conditions that name one value and no expression the longest value, which is most likely the rarest; empty for a
-- pattern without one, which may fit any alert. A plain ASCII value only: of others RE2 and lower() have different ideas
-- of upper and lower case.
CREATE FUNCTION pattern_entity_key(pattern jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT coalesce((
        SELECT (wanted->>'type') || ':' || lower(plain)
        FROM jsonb_array_elements(
            CASE jsonb_typeof(pattern->'entity_patterns') WHEN 'array' THEN pattern->'entity_patterns' ELSE '[]' END
        ) AS wanted,
            LATERAL regexp_replace(wanted->>'value_regex', '\\([^A-Za-z0-9])', '\1', 'g') AS plain
        WHERE regexp_replace(wanted->>'value_regex', '\\[^A-Za-z0-9]', '', 'g') ~ '^[A-Za-z0-9_ @:/,;=#%&~"''<>!-]*$'
            AND wanted->>'value_regex' ~ '^[ -~]+$'
        ORDER BY length(plain) DESC, plain
        LIMIT 1
    ), '') $$;

ALTER TABLE fp_patterns ADD COLUMN entity_key text GENERATED ALWAYS AS (pattern_entity_key(pattern)) STORED;
CREATE INDEX fp_patterns_in_force_by_entity ON fp_patterns (tenant_id, alert_name_key, entity_key)
    WHERE status IN ('approved', 'active');
-- contracts: the new one begins with the same columns.
DROP INDEX fp_patterns_in_force_by_key;
-- contracts: as this one does, which PostgreSQL preferred where it had no statistics.
DROP INDEX fp_patterns_in_force;
