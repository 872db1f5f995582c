-- name: find_approval
SELECT status, actions, actions_hash
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND investigation_id = %(investigation_id)s
