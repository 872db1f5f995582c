-- name: lock
SELECT a.approval_id, a.investigation_id, tenant_id, a.actions, a.actions_hash, a.reason, a.status, a.requested_at,
    a.expires_at, a.decided_at, a.decided_by, a.comment, a.denied_actions, a.protected, a.requested_by,
    a.first_granted_by, a.first_granted_hash, a.escalated_at, a.expires_at <= now() AS expired,
    EXTRACT(EPOCH FROM now() - a.requested_at) AS waited_seconds, i.alert_id,
    i.graph_state->>'alert_severity' AS alert_severity, i.alert->'submitted_by' AS submitted_by,
    i.graph_state #>> '{case_facts,opened_at}' AS opened_at,
    i.graph_state #>> '{case_facts,orchestration_id}' AS orchestration_id
FROM action_approvals a JOIN investigation_state i USING (tenant_id, investigation_id)
WHERE tenant_id = %(tenant_id)s AND a.approval_id = %(approval_id)s
FOR UPDATE OF a

-- name: answer
UPDATE action_approvals
SET status = %(status)s, decided_at = now(), decided_by = %(decided_by)s, comment = %(comment)s
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending'

-- name: grant
UPDATE action_approvals
SET status = %(status)s, decided_at = now(), decided_by = %(decided_by)s, comment = %(comment)s,
    actions = %(actions)s, denied_actions = %(denied_actions)s, actions_hash = %(actions_hash)s
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending'

-- name: grant_first
UPDATE action_approvals SET first_granted_by = %(decided_by)s, first_granted_hash = %(actions_hash)s
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending' AND first_granted_by IS NULL

-- name: escalate
-- Once, for as long again as it had.
UPDATE action_approvals SET escalated_at = now(), expires_at = now() + (expires_at - requested_at)
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending' AND escalated_at IS NULL
