-- name: all_active
SELECT dimension, value, reason, activated_by, activated_at FROM kill_switches
WHERE tenant_id = %(tenant_id)s
ORDER BY activated_at DESC, dimension, value

-- name: one_active
SELECT dimension, value, reason, activated_by, activated_at FROM kill_switches
WHERE tenant_id = %(tenant_id)s AND dimension = %(dimension)s AND value = %(value)s

-- name: activate
INSERT INTO kill_switches (tenant_id, dimension, value, activated_by, reason)
VALUES (%(tenant_id)s, %(dimension)s, %(value)s, %(activated_by)s, %(reason)s)
ON CONFLICT DO NOTHING

-- name: deactivate
DELETE FROM kill_switches
WHERE tenant_id = %(tenant_id)s AND dimension = %(dimension)s AND value = %(value)s
