-- name: store_asset
INSERT INTO org_context (tenant_id, entity_type, entity_name, name_key, criticality, role, owner, normal_services,
    normal_admin_users, tags)
VALUES (%(tenant_id)s, %(entity_type)s, %(entity_name)s, %(name_key)s, %(criticality)s, %(role)s, %(owner)s,
    %(normal_services)s, %(normal_admin_users)s, %(tags)s)
ON CONFLICT (tenant_id, entity_type, entity_name) DO UPDATE
SET name_key = excluded.name_key, criticality = excluded.criticality, role = excluded.role, owner = excluded.owner,
    normal_services = excluded.normal_services, normal_admin_users = excluded.normal_admin_users, tags = excluded.tags,
    last_updated = now()

-- name: assets_by_key
SELECT name_key, entity_type, entity_name, criticality, role, owner, normal_services, normal_admin_users, tags
FROM org_context
WHERE tenant_id = %(tenant_id)s AND name_key = ANY(%(keys)s)
ORDER BY entity_type, entity_name
LIMIT 200
