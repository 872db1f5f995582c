-- name: record
INSERT INTO dispositions (disposition_id, tenant_id, investigation_id, approval_id, disposition, reason, comment, decided_by)
VALUES (%(disposition_id)s, %(tenant_id)s, %(investigation_id)s, %(approval_id)s, %(disposition)s, %(reason)s, %(comment)s,
    %(decided_by)s)
RETURNING decided_at

-- name: of_approval
-- An escalation answers nothing.
SELECT disposition_id, investigation_id, approval_id, disposition, reason, comment, decided_by, decided_at
FROM dispositions
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s AND approval_id = %(approval_id)s
    AND disposition <> 'escalate'
