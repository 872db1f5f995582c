-- name: find_approval
SELECT status, actions, actions_hash
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND investigation_id = %(investigation_id)s

-- name: record_action
INSERT INTO executed_actions (action_id, investigation_id, tenant_id, action, target, status, detail, approved_by)
VALUES (%(action_id)s, %(investigation_id)s, %(tenant_id)s, %(action)s, %(target)s, %(status)s, %(detail)s, %(approved_by)s)
ON CONFLICT DO NOTHING
