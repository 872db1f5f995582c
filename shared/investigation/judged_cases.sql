-- name: of_rule
-- The last person's word counts; an escalation is none. Actions that were granted say something as well.
SELECT i.investigation_id, i.alert_title, i.graph_state, said.disposition, said.decided_by, said.decided_at
FROM investigation_state AS i
LEFT JOIN LATERAL (
    SELECT disposition, decided_by, decided_at FROM dispositions
    WHERE tenant_id = %(tenant_id)s AND investigation_id = i.investigation_id AND disposition <> 'escalate'
    ORDER BY decided_at DESC
    LIMIT 1
) AS said ON true
WHERE i.tenant_id = %(tenant_id)s AND i.alert_title = %(alert_name)s AND i.created_at > %(begun_since)s
ORDER BY i.created_at DESC
LIMIT %(limit)s

-- name: history
SELECT i.investigation_id, i.alert_title, i.created_at, i.graph_state, said.disposition, said.decided_by, said.decided_at
FROM investigation_state AS i
LEFT JOIN LATERAL (
    SELECT disposition, decided_by, decided_at FROM dispositions
    WHERE tenant_id = %(tenant_id)s AND investigation_id = i.investigation_id AND disposition <> 'escalate'
    ORDER BY decided_at DESC
    LIMIT 1
) AS said ON true
WHERE i.tenant_id = %(tenant_id)s AND i.created_at > %(begun_since)s
    AND (%(alert_name)s = '' OR lower(i.alert_title) = lower(%(alert_name)s))
    AND (i.created_at, i.investigation_id) < (coalesce(%(moment)s::timestamptz, 'infinity'), coalesce(%(row_id)s, ''))
ORDER BY i.created_at DESC, i.investigation_id DESC
LIMIT %(limit)s

-- name: count
SELECT count(*) AS alerts FROM investigation_state WHERE tenant_id = %(tenant_id)s AND created_at > %(begun_since)s

-- name: closed_by_pattern
SELECT investigation_id FROM investigation_state
WHERE tenant_id = %(tenant_id)s AND created_at > %(begun_since)s AND state = 'closed'
    AND graph_state->>'outcome' = 'auto_closed'
    AND graph_state #>> '{case_facts,fp_match,pattern_id}' = %(pattern_id)s
ORDER BY created_at
