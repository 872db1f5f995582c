-- name: open_cases
SELECT state, count(*) FILTER (WHERE updated_at > now() - interval '15 minutes') AS under_15_minutes,
    count(*) FILTER (WHERE updated_at <= now() - interval '15 minutes' AND updated_at > now() - interval '4 hours')
        AS under_4_hours,
    count(*) FILTER (WHERE updated_at <= now() - interval '4 hours') AS older,
    min(updated_at) AS longest_since, count(stuck_since) AS stuck
FROM investigation_state
WHERE tenant_id = %(tenant_id)s AND state NOT IN ('closed', 'failed')
GROUP BY state
ORDER BY min(updated_at)

-- name: newest_by_row
WITH newest AS (
    SELECT investigation_id, tenant_id, state, created_at FROM investigation_state
    WHERE tenant_id = %(tenant_id)s
    ORDER BY created_at DESC
    LIMIT %(at_most)s
), decided AS (
    SELECT DISTINCT ON (newest.investigation_id) newest.state, newest.created_at, t.step, t.reasoning
    FROM newest
    LEFT JOIN investigation_transitions t
        ON t.tenant_id = newest.tenant_id AND t.investigation_id = newest.investigation_id
        AND t.step IN ('judge', 'check_false_positive') AND t.state_after <> 'enriching'
    ORDER BY newest.investigation_id, t.version DESC
)
SELECT state, CASE step WHEN 'check_false_positive' THEN 'known false positive (row 6)'
        ELSE substring(reasoning FROM '^[^:]*') END AS decided_by,
    count(*) AS cases, min(created_at) AS since
FROM decided
GROUP BY 1, 2

-- name: disposed
WITH newest AS (
    SELECT investigation_id, tenant_id, graph_state FROM investigation_state
    WHERE tenant_id = %(tenant_id)s
    ORDER BY created_at DESC
    LIMIT %(at_most)s
)
SELECT DISTINCT ON (d.investigation_id) d.disposition, newest.graph_state->>'classification' AS classification
FROM newest JOIN dispositions d USING (tenant_id, investigation_id)
WHERE d.disposition <> 'escalate'
ORDER BY d.investigation_id, d.decided_at DESC
