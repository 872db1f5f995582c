-- name: decided_but_waiting
-- For every tenant. In random order, so that a hundred which nobody can wake do not hide the others.
SELECT i.tenant_id, i.investigation_id, i.graph_state->>'alert_severity' AS alert_severity,
    i.graph_state #>> '{case_facts,opened_at}' AS opened_at,
    i.graph_state #>> '{case_facts,orchestration_id}' AS orchestration_id
FROM action_approvals a JOIN investigation_state i USING (tenant_id, investigation_id)
WHERE a.status IN ('granted', 'partly_granted', 'denied', 'timed_out', 'disposed') AND i.state = 'awaiting_human'
    AND a.decided_at < now() - interval '5 seconds'
    AND a.approval_id = i.graph_state #>> '{case_facts,approval_id}'
ORDER BY random()
LIMIT 100

-- name: overdue
-- For every tenant. Their own orchestration should have ended them a minute ago.
SELECT i.tenant_id, i.investigation_id, i.graph_state->>'alert_severity' AS alert_severity,
    i.graph_state #>> '{case_facts,opened_at}' AS opened_at,
    i.graph_state #>> '{case_facts,orchestration_id}' AS orchestration_id
FROM action_approvals a JOIN investigation_state i USING (tenant_id, investigation_id)
WHERE a.status = 'pending' AND a.expires_at < now() - interval '1 minute' AND i.state = 'awaiting_human'
ORDER BY random()
LIMIT 100

-- name: waiting_long
-- For every tenant: operators are notified of all, of each once.
UPDATE action_approvals SET notices = notices || 'operators'::text
WHERE approval_id IN (
    SELECT approval_id FROM action_approvals
    WHERE status = 'pending' AND expires_at > now() AND now() >= expires_at - (expires_at - requested_at) / 4
        AND tenant_id <> %(nobodys)s AND NOT 'operators' = ANY (notices)
    ORDER BY expires_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING approval_id, tenant_id, expires_at, EXTRACT(EPOCH FROM now() - requested_at) AS waited_seconds

-- name: to_notify
-- For every tenant: of each approval once a kind.
UPDATE action_approvals a SET notices = a.notices || %(kind)s::text
FROM investigation_state i
WHERE a.approval_id IN (
    SELECT approval_id FROM action_approvals
    WHERE status = 'pending' AND expires_at > now() AND tenant_id <> %(nobodys)s AND NOT %(kind)s = ANY (notices)
        AND CASE %(kind)s
            WHEN 'requested' THEN true
            WHEN 'escalated' THEN escalated_at IS NOT NULL
            ELSE escalated_at IS NULL AND now() >= expires_at - (expires_at - requested_at) / 2
        END
    ORDER BY expires_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AND i.tenant_id = a.tenant_id AND i.investigation_id = a.investigation_id
RETURNING a.tenant_id, a.investigation_id, a.approval_id, a.actions, a.expires_at,
    i.graph_state->>'alert_severity' AS severity
