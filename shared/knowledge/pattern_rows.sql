-- name: add
INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, expires_at, pattern)
VALUES (%(pattern_id)s, %(tenant_id)s, %(pattern_status)s, %(approved_by_1)s, %(approved_by_2)s, %(expires_at)s, %(pattern)s)
ON CONFLICT DO NOTHING

-- name: read
SELECT pattern FROM fp_patterns WHERE tenant_id = %(tenant_id)s AND pattern_id = %(pattern_id)s

-- name: lock
SELECT pattern FROM fp_patterns WHERE tenant_id = %(tenant_id)s AND pattern_id = %(pattern_id)s FOR UPDATE

-- name: change
UPDATE fp_patterns
SET status = %(pattern_status)s, approved_by_1 = %(approved_by_1)s, approved_by_2 = %(approved_by_2)s,
    expires_at = %(expires_at)s, pattern = %(pattern)s
WHERE tenant_id = %(tenant_id)s AND pattern_id = %(pattern_id)s

-- name: to_review
SELECT pattern FROM fp_patterns
WHERE tenant_id = %(tenant_id)s AND status = 'pending_review'
ORDER BY created_at
LIMIT %(limit)s

-- name: contradict
UPDATE fp_patterns
SET pattern = jsonb_set(pattern, '{confidence}', to_jsonb(round((pattern->>'confidence')::numeric * %(factor)s::numeric, 4)))
WHERE tenant_id = %(tenant_id)s AND pattern_id = %(pattern_id)s AND status IN ('approved', 'active')

-- name: in_force_of_rule
-- By the title of its alerts in lower case, and all that have an expression for it; locked in one order by everybody.
SELECT pattern_id, pattern->>'alert_name_regex' AS expression FROM fp_patterns
WHERE tenant_id = %(tenant_id)s AND alert_name_key IN (lower(%(rule)s), '') AND status IN ('approved', 'active')
ORDER BY pattern_id
FOR UPDATE

-- name: drift
UPDATE fp_patterns
SET pattern = jsonb_set(pattern, '{drifting_until}', to_jsonb(now() + %(time)s::interval))
WHERE tenant_id = %(tenant_id)s AND pattern_id = ANY(%(pattern_ids)s::text[]) AND status IN ('approved', 'active')
