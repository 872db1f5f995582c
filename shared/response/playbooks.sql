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
