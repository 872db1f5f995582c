-- name: protect
INSERT INTO protected_assets (tenant_id, name_key, entity_type, entity_name, reason, protected_by)
VALUES (%(tenant_id)s, %(name_key)s, %(entity_type)s, %(entity_name)s, %(reason)s, %(protected_by)s)
ON CONFLICT (tenant_id, name_key, entity_type) DO UPDATE
SET entity_name = excluded.entity_name, reason = excluded.reason, protected_by = excluded.protected_by, protected_at = now()

-- name: unprotect
DELETE FROM protected_assets
WHERE tenant_id = %(tenant_id)s AND name_key = %(name_key)s AND entity_type = %(entity_type)s

-- name: list_protected
SELECT name_key, entity_type, entity_name, reason, protected_by, protected_at FROM protected_assets
WHERE tenant_id = %(tenant_id)s AND (name_key, entity_type) > (coalesce(%(row_id)s, ''), coalesce(%(place)s, ''))
ORDER BY name_key, entity_type
LIMIT %(limit)s

-- name: protected_by_key
SELECT name_key, reason, protected_by FROM protected_assets WHERE tenant_id = %(tenant_id)s AND name_key = ANY(%(keys)s)
