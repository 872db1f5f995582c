-- name: store_pattern
INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, expires_at, pattern)
VALUES (%(pattern_id)s, %(tenant_id)s, %(pattern_status)s, %(approved_by_1)s, %(approved_by_2)s, %(expires_at)s, %(pattern)s)
ON CONFLICT (pattern_id) DO UPDATE
SET status = excluded.status, approved_by_1 = excluded.approved_by_1, approved_by_2 = excluded.approved_by_2,
    expires_at = excluded.expires_at, pattern = excluded.pattern

-- name: patterns_in_force
-- Those that may fit: by name and one of the entities, or by an expression where they have one.
SELECT pattern::text AS pattern
FROM fp_patterns
WHERE tenant_id = %(tenant_id)s AND status IN ('approved', 'active') AND expires_at > now()
    AND alert_name_key IN (lower(%(alert_name)s), '') AND entity_key = ANY(%(entity_keys)s::text[])
ORDER BY pattern_id

-- name: list_patterns
SELECT pattern_id, pattern FROM fp_patterns
WHERE tenant_id = %(tenant_id)s AND pattern_id > coalesce(%(row_id)s::text, '')
ORDER BY pattern_id
LIMIT %(limit)s
