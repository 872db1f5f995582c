-- name: of_investigations
SELECT investigation_id, action, target
FROM executed_actions
WHERE tenant_id = %(tenant_id)s AND investigation_id = ANY(%(investigation_ids)s) AND status <> 'refused'

-- name: of_investigation
SELECT action_id, action, target, parameters, status, detail, approved_by, executed_at, undoes, undo_at
FROM executed_actions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY executed_at, action_id
