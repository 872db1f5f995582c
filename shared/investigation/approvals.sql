-- name: lock
SELECT a.approval_id, a.investigation_id, tenant_id, a.actions, a.actions_hash, a.reason, a.status, a.requested_at,
       a.expires_at, a.decided_at, a.decided_by, a.comment, a.expires_at <= now() AS expired, i.alert_id,
       EXTRACT(EPOCH FROM now() - a.requested_at) AS waited_seconds
FROM action_approvals a JOIN investigation_state i USING (tenant_id, investigation_id)
WHERE tenant_id = %(tenant_id)s AND a.approval_id = %(approval_id)s
FOR UPDATE OF a

-- name: decide
UPDATE action_approvals
SET status = %(status)s, decided_at = now(), decided_by = %(decided_by)s, comment = %(comment)s
WHERE tenant_id = %(tenant_id)s AND approval_id = %(approval_id)s AND status = 'pending'

-- name: waiting_long
-- For every tenant: operators are told of all.
SELECT approval_id, investigation_id, tenant_id, expires_at, EXTRACT(EPOCH FROM now() - requested_at) AS waited_seconds
FROM action_approvals
WHERE status = 'pending' AND expires_at > now() AND now() >= expires_at - (expires_at - requested_at) / 4
    AND tenant_id <> %(nobodys)s
ORDER BY expires_at
LIMIT %(limit)s

-- name: decided_but_waiting
-- For every tenant. In random order, so that a hundred which nobody can wake do not hide the others.
SELECT a.investigation_id
FROM action_approvals a JOIN investigation_state i USING (tenant_id, investigation_id)
WHERE a.status IN ('granted', 'denied', 'timed_out') AND i.state = 'awaiting_human' AND a.decided_at < now() - interval '5 seconds'
ORDER BY random()
LIMIT 100
