-- name: in_shadow
SELECT rule FROM shadow_modes
WHERE tenant_id = %(tenant_id)s AND rule_key IN ('', %(rule_key)s)
ORDER BY rule_key
LIMIT 1

-- name: list
SELECT rule, reason, set_by, set_at FROM shadow_modes
WHERE tenant_id = %(tenant_id)s
ORDER BY rule_key

-- name: enter
INSERT INTO shadow_modes (tenant_id, rule_key, rule, reason, set_by)
VALUES (%(tenant_id)s, %(rule_key)s, %(rule)s, %(reason)s, %(set_by)s)
ON CONFLICT DO NOTHING

-- name: leave
DELETE FROM shadow_modes WHERE tenant_id = %(tenant_id)s AND rule_key = %(rule_key)s
