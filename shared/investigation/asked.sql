-- name: asked_for
SELECT approval_id, investigation_id, actions
FROM action_approvals
WHERE tenant_id = %(tenant_id)s AND investigation_id = ANY(%(investigation_ids)s)
    AND (status IN ('granted', 'partly_granted') OR (status = 'pending' AND expires_at > now()))
ORDER BY requested_at, approval_id
