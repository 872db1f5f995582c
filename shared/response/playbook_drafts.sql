-- name: keep_draft
INSERT INTO playbook_drafts (playbook_id, tenant_id, draft)
VALUES (%(playbook_id)s, %(tenant_id)s, %(draft)s)
ON CONFLICT DO NOTHING

-- name: drafts_to_review
SELECT draft FROM playbook_drafts
WHERE tenant_id = %(tenant_id)s AND status = 'draft'
ORDER BY created_at
LIMIT %(limit)s

-- name: read_draft
SELECT draft FROM playbook_drafts
WHERE tenant_id = %(tenant_id)s AND playbook_id = %(playbook_id)s AND status = 'draft'

-- name: lock_draft
SELECT draft FROM playbook_drafts
WHERE tenant_id = %(tenant_id)s AND playbook_id = %(playbook_id)s AND status = 'draft'
FOR UPDATE

-- name: decide_draft
UPDATE playbook_drafts
SET status = %(decision)s, decided_by = %(decided_by)s, decided_at = now(), reason = %(reason)s
WHERE tenant_id = %(tenant_id)s AND playbook_id = %(playbook_id)s
