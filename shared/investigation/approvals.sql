-- name: lock
SELECT approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at, expires_at,
       decided_at, decided_by, comment, expires_at <= now() AS expired
FROM action_approvals
WHERE approval_id = %(approval_id)s
FOR UPDATE

-- name: decide
UPDATE action_approvals
SET status = %(status)s, decided_at = now(), decided_by = %(decided_by)s, comment = %(comment)s
WHERE approval_id = %(approval_id)s AND status = 'pending'

-- name: decided_but_waiting
SELECT a.investigation_id
FROM action_approvals a JOIN investigation_state i USING (investigation_id)
WHERE a.status <> 'pending' AND i.state = 'awaiting_human' AND a.decided_at < now() - interval '5 seconds'
LIMIT 100
