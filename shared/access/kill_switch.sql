-- name: active
SELECT dimension, value FROM kill_switches
WHERE tenant_id = %(tenant_id)s
    AND (dimension = 'pattern'
        OR (dimension, value) IN (SELECT * FROM unnest(%(dimensions)s::text[], %(values)s::text[])))
ORDER BY dimension, value
