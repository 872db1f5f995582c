-- name: record
INSERT INTO executed_actions (action_id, investigation_id, tenant_id, alert_id, action, target, parameters, subject, status,
    detail, approved_by, undoes, next_try_at)
VALUES (%(action_id)s, %(investigation_id)s, %(tenant_id)s, %(alert_id)s, %(action)s, %(target)s, %(parameters)s,
    %(subject)s, %(status)s, %(detail)s, %(approved_by)s, %(undoes)s, CASE WHEN %(status)s = 'pending' THEN now() END)
ON CONFLICT DO NOTHING

-- name: claim
-- Whoever moves next_try_at on has the action until then; attempts tells an overtaken one apart.
UPDATE executed_actions
SET next_try_at = now() + %(lease)s, attempts = attempts + 1
WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s AND next_try_at <= now()
RETURNING *, now() AS now

-- name: settle
UPDATE executed_actions
SET status = %(new_status)s, detail = %(detail)s, subject = subject || %(subject)s, updated_at = now(),
    next_try_at = now() + %(pause)s::interval, undo_at = coalesce(undo_at, now() + %(time_limit)s::interval)
WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s AND attempts = %(attempts)s

-- name: lock
SELECT *, now() AS now FROM executed_actions WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s FOR UPDATE

-- name: mark
UPDATE executed_actions
SET status = %(new_status)s, detail = %(detail)s, updated_at = now(), next_try_at = NULL, undo_at = NULL
WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s

-- name: try_again
UPDATE executed_actions
SET status = 'pending', next_try_at = now(), executed_at = now(), updated_at = now(), approved_by = %(approved_by)s,
    subject = subject || jsonb_build_object('again', coalesce((subject ->> 'again')::int, 0) + 1)
WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s AND status IN ('failed', 'needs_person')

-- name: forget_time_limit
UPDATE executed_actions SET undo_at = NULL WHERE tenant_id = %(tenant_id)s AND action_id = %(action_id)s

-- name: due
-- For every tenant: one timer works for all.
SELECT tenant_id, action_id FROM executed_actions WHERE next_try_at <= now() ORDER BY next_try_at LIMIT %(limit)s

-- name: over_their_time
-- For every tenant: one timer works for all.
SELECT tenant_id, action_id FROM executed_actions WHERE undo_at <= now() ORDER BY undo_at LIMIT %(limit)s
