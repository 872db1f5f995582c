-- name: store_playbook
INSERT INTO playbooks (playbook_id, title, alert_products, tactics, mitre_techniques, severities, actions,
                       conditions, parameters, review_status, approved_by)
VALUES (%(playbook_id)s, %(title)s, %(alert_products)s, %(tactics)s, %(mitre_techniques)s, %(severities)s,
        %(actions)s, %(conditions)s, %(parameters)s, %(review_status)s, %(approved_by)s)
ON CONFLICT (playbook_id) DO UPDATE
SET title = excluded.title, alert_products = excluded.alert_products, tactics = excluded.tactics,
    mitre_techniques = excluded.mitre_techniques, severities = excluded.severities, actions = excluded.actions,
    conditions = excluded.conditions, parameters = excluded.parameters,
    review_status = excluded.review_status, approved_by = excluded.approved_by

-- name: approved_playbooks
-- Those that share a technique or a tactic with the alert; the others score nothing.
SELECT playbook_id, title, alert_products, tactics, mitre_techniques, severities, actions, conditions, parameters,
    review_status, approved_by
FROM playbooks
WHERE review_status = 'approved' AND (mitre_techniques && %(techniques)s OR tactics && %(tactics)s)
ORDER BY playbook_id

-- name: list_playbooks
SELECT playbook_id, title, alert_products, tactics, mitre_techniques, severities, actions, conditions, parameters,
    review_status, approved_by
FROM playbooks
WHERE playbook_id > coalesce(%(row_id)s::text, '')
ORDER BY playbook_id
LIMIT %(limit)s

-- name: read_playbook
SELECT playbook_id, title, alert_products, tactics, mitre_techniques, severities, actions, conditions, parameters,
    review_status, approved_by
FROM playbooks
WHERE playbook_id = %(playbook_id)s

-- name: retire_playbook
UPDATE playbooks SET review_status = 'retired' WHERE playbook_id = %(playbook_id)s AND review_status <> 'retired'

-- name: add_version
-- Under the lock that storing the playbook took.
INSERT INTO playbook_versions (playbook_id, version, playbook, stored_by)
SELECT %(playbook_id)s, coalesce(max(version), 0) + 1, %(playbook)s, %(approved_by)s
FROM playbook_versions
WHERE playbook_id = %(playbook_id)s

-- name: list_versions
SELECT version, playbook, stored_by, stored_at FROM playbook_versions
WHERE playbook_id = %(playbook_id)s
ORDER BY version DESC
LIMIT %(limit)s
