-- name: investigations
SELECT investigation_id, alert_id, source, alert_title, severity, state, confidence, llm_calls,
    total_cost_usd::double precision AS total_cost_usd, version, created_at, updated_at,
    graph_state->>'classification' AS classification, graph_state->>'outcome' AS outcome,
    graph_state->>'degradation_level' AS degradation_level, graph_state->>'model_provider' AS model_provider
FROM investigation_state
WHERE tenant_id = %(tenant_id)s
    AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (%(before)s::timestamptz IS NULL OR (created_at, investigation_id) < (%(before)s, %(before_id)s))
ORDER BY created_at DESC, investigation_id DESC
LIMIT %(limit)s

-- name: investigation
SELECT investigation_id, alert_id, source, alert_title, severity, state, version, created_at, updated_at,
    graph_state, alert - 'raw_payload' - 'raw_text' AS alert
FROM investigation_state
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s

-- name: transitions
SELECT step, version, state_before, state_after, agent, reasoning, happened_at
FROM investigation_transitions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY version

-- name: alert_updates
SELECT changed, received_at, alert->>'timestamp' AS timestamp, alert->>'severity' AS severity
FROM alert_updates
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY received_at

-- name: approvals
SELECT approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at, expires_at,
    decided_at, decided_by, comment
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY requested_at, approval_id

-- name: executed_actions
SELECT action_id, action, target, status, detail, approved_by, executed_at
FROM executed_actions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY executed_at, action_id

-- name: waiting_approvals
SELECT approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at, expires_at,
    decided_at, decided_by, comment
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND status = 'pending' AND expires_at > now()
ORDER BY expires_at, approval_id
LIMIT %(limit)s
