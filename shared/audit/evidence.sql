-- name: investigation
SELECT graph_state, alert FROM investigation_state
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s

-- name: transitions
SELECT step, version, state_before, state_after, agent, reasoning, happened_at
FROM investigation_transitions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY version

-- name: approvals
SELECT approval_id, actions, actions_hash, reason, status, requested_at, expires_at, decided_at, decided_by, comment
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY requested_at, approval_id

-- name: executed_actions
SELECT action_id, action, target, status, detail, approved_by, executed_at
FROM executed_actions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY executed_at, action_id
