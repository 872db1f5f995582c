-- name: open
INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state, graph_state, alert)
VALUES (%(investigation_id)s, %(tenant_id)s, %(alert_id)s, %(source)s, %(alert_title)s, %(severity)s, 'received',
        %(graph_state)s, %(alert)s)
ON CONFLICT DO NOTHING

-- name: load
SELECT graph_state FROM investigation_state WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s

-- name: lock_alert
SELECT alert FROM investigation_state WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s FOR UPDATE

-- name: alert
-- Without the source's own words in full, up to a megabyte: whoever asks compares and opens cases, and uses the rest.
SELECT alert - 'raw_payload' - 'raw_text' AS alert FROM investigation_state WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s

-- name: record_update
INSERT INTO alert_updates (investigation_id, tenant_id, digest, changed, alert)
VALUES (%(investigation_id)s, %(tenant_id)s, %(digest)s, %(changed)s, %(alert)s)
ON CONFLICT DO NOTHING

-- name: amend_alert
-- || keeps the fields that a newer version added.
UPDATE investigation_state SET alert = alert || %(alert)s, alert_title = %(alert_title)s, updated_at = now()
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s

-- name: without_entities
SELECT alert_id FROM investigation_state
WHERE tenant_id = %(tenant_id)s AND alert->'flags' ? 'entities_missing' AND created_at > now() - %(age)s::interval
ORDER BY created_at DESC
LIMIT %(limit)s

-- name: advance
-- Both or nothing: a lost race moves no row, and a transition without a version is refused. That ends the transaction,
-- so that nothing that was sent with it happens either.
WITH moved AS (
    UPDATE investigation_state
    SET state = %(state)s, graph_state = %(graph_state)s, severity = %(severity)s, confidence = %(confidence)s,
        llm_calls = %(llm_calls)s, total_cost_usd = %(total_cost_usd)s, version = version + 1, updated_at = now(),
        stuck_since = NULL
    WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s AND version = %(version)s
    RETURNING version
)
INSERT INTO investigation_transitions
    (investigation_id, tenant_id, step, round, version, state_before, state_after, agent, reasoning)
VALUES (%(investigation_id)s, %(tenant_id)s, %(step)s, %(round)s, (SELECT version FROM moved), %(state_before)s,
    %(state)s, %(agent)s, %(reasoning)s)

-- name: transition_exists
SELECT 1 FROM investigation_transitions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s AND step = %(step)s AND round = %(round)s

-- name: keep_finding
INSERT INTO investigation_findings (investigation_id, tenant_id, step, attempt, round, finding)
VALUES (%(investigation_id)s, %(tenant_id)s, %(step)s, %(attempt)s, %(round)s, %(finding)s)
ON CONFLICT DO NOTHING

-- name: findings
SELECT step, attempt, round, finding FROM investigation_findings
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s AND step = ANY(%(steps)s)

-- name: supersede_approval
UPDATE action_approvals SET status = 'superseded', decided_at = now()
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending'

-- name: request_approval
INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason, protected,
    requested_by, requested_at, expires_at)
VALUES (%(approval_id)s, %(investigation_id)s, %(tenant_id)s, %(actions)s, %(actions_hash)s, %(reason)s, %(protected)s,
    %(requested_by)s, %(requested_at)s, %(expires_at)s)

-- name: take_escalation
-- One statement, so that of many at once no more than the most get one; a case that has one keeps it.
INSERT INTO escalation_budgets AS budget (tenant_id, taken)
VALUES (%(tenant_id)s, jsonb_build_object(%(investigation_id)s::text, extract(epoch FROM now())))
ON CONFLICT (tenant_id) DO UPDATE
SET taken = excluded.taken || (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(budget.taken)
    WHERE value::numeric > extract(epoch FROM now() - %(time)s::interval)
)
WHERE budget.taken ? %(investigation_id)s OR %(most)s > (
    SELECT count(*) FROM jsonb_each(budget.taken)
    WHERE value::numeric > extract(epoch FROM now() - %(time)s::interval)
)
