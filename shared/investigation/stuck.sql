-- name: notice
-- For every tenant. In random order, so that a hundred which nobody can move on do not hide the others.
UPDATE investigation_state SET stuck_since = coalesce(stuck_since, now())
WHERE investigation_id IN (
    SELECT investigation_id FROM investigation_state
    WHERE state IN ('received', 'parsing', 'enriching', 'reasoning', 'responding')
        AND updated_at < now() - %(budget)s::interval
    ORDER BY random()
    LIMIT 100
    FOR UPDATE SKIP LOCKED
)
RETURNING tenant_id, investigation_id, state, graph_state->>'alert_severity' AS alert_severity,
    graph_state #>> '{case_facts,opened_at}' AS opened_at,
    graph_state #>> '{case_facts,orchestration_id}' AS orchestration_id,
    EXTRACT(EPOCH FROM now() - updated_at) AS idle_seconds, stuck_since < now() - %(give_up)s::interval AS given_up
