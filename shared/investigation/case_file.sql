-- name: investigation
SELECT investigation_id, alert_id, source, alert_title, severity, state, version, created_at, updated_at,
    graph_state, alert
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
    decided_at, decided_by, comment, denied_actions, protected, requested_by, first_granted_by, first_granted_hash,
    escalated_at
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY requested_at, approval_id

-- name: dispositions
SELECT disposition_id, investigation_id, approval_id, disposition, reason, comment, decided_by, decided_at
FROM dispositions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY decided_at, disposition_id

-- name: newest_cases
-- The place is a condition of the index, also on the first page: no page reads what lies before it.
SELECT investigation_id, alert_id, source, alert_title, severity, state, confidence, llm_calls,
    total_cost_usd::double precision AS total_cost_usd, version, created_at, updated_at,
    graph_state->>'classification' AS classification, graph_state->>'outcome' AS outcome,
    graph_state #>> '{case_facts,disposition}' AS disposition,
    graph_state->>'degradation_level' AS degradation_level, graph_state->>'model_provider' AS model_provider,
    coalesce((
        SELECT max(t.happened_at) FROM investigation_transitions t
        WHERE t.tenant_id = i.tenant_id AND t.investigation_id = i.investigation_id
    ), created_at) AS state_since
FROM investigation_state i
WHERE tenant_id = %(tenant_id)s
    AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (created_at, investigation_id) < (coalesce(%(moment)s::timestamptz, 'infinity'), coalesce(%(row_id)s, ''))
ORDER BY created_at DESC, investigation_id DESC
LIMIT %(limit)s

-- name: oldest_cases
SELECT investigation_id, alert_id, source, alert_title, severity, state, confidence, llm_calls,
    total_cost_usd::double precision AS total_cost_usd, version, created_at, updated_at,
    graph_state->>'classification' AS classification, graph_state->>'outcome' AS outcome,
    graph_state #>> '{case_facts,disposition}' AS disposition,
    graph_state->>'degradation_level' AS degradation_level, graph_state->>'model_provider' AS model_provider,
    coalesce((
        SELECT max(t.happened_at) FROM investigation_transitions t
        WHERE t.tenant_id = i.tenant_id AND t.investigation_id = i.investigation_id
    ), created_at) AS state_since
FROM investigation_state i
WHERE tenant_id = %(tenant_id)s
    AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (created_at, investigation_id) > (coalesce(%(moment)s::timestamptz, '-infinity'), coalesce(%(row_id)s, ''))
ORDER BY created_at, investigation_id
LIMIT %(limit)s

-- name: next_to_expire
SELECT approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at, expires_at,
    decided_at, decided_by, comment, denied_actions, protected, requested_by, first_granted_by, first_granted_hash,
    escalated_at
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND status = 'pending' AND expires_at > now()
    AND (expires_at, approval_id) > (coalesce(%(moment)s::timestamptz, '-infinity'), coalesce(%(row_id)s, ''))
ORDER BY expires_at, approval_id
LIMIT %(limit)s

-- name: last_to_expire
SELECT approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at, expires_at,
    decided_at, decided_by, comment, denied_actions, protected, requested_by, first_granted_by, first_granted_hash,
    escalated_at
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND status = 'pending' AND expires_at > now()
    AND (expires_at, approval_id) < (coalesce(%(moment)s::timestamptz, 'infinity'), coalesce(%(row_id)s, ''))
ORDER BY expires_at DESC, approval_id DESC
LIMIT %(limit)s

-- name: shadow_agreement
-- The first row is the tenant's, the others are its rules'. Abstained: the verdict or the person did not decide.
WITH judged AS (
    SELECT alert_title, graph_state->>'classification' AS verdict,
        graph_state #>> '{case_facts,disposition}' AS said
    FROM investigation_state
    WHERE tenant_id = %(tenant_id)s AND graph_state #>> '{case_facts,shadow}' IS NOT NULL
        AND created_at >= coalesce(%(since)s::timestamptz, '-infinity')
), compared AS (
    SELECT alert_title, said IS NOT NULL AS decided, said = verdict AS same,
        verdict = 'requires_investigation' OR said = 'undetermined' AS abstained
    FROM judged
)
SELECT coalesce(alert_title, '') AS rule, count(*) FILTER (WHERE decided AND NOT abstained AND same) AS agreed,
    count(*) FILTER (WHERE decided AND NOT abstained AND NOT same) AS disagreed,
    count(*) FILTER (WHERE decided AND abstained) AS abstained, count(*) FILTER (WHERE NOT decided) AS undecided
FROM compared
GROUP BY GROUPING SETS ((), (alert_title))
ORDER BY grouping(alert_title) DESC, count(*) DESC, alert_title
LIMIT %(limit)s
