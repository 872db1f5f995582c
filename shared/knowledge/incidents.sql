-- name: store_incident
INSERT INTO incident_memory (doc_id, tenant_id, investigation_id, alert_name, alert_product, severity,
                             final_classification, outcome, mitre_techniques, summary, happened_at)
VALUES (%(doc_id)s, %(tenant_id)s, %(investigation_id)s, %(alert_name)s, %(alert_product)s, %(severity)s,
        %(final_classification)s, %(outcome)s, %(mitre_techniques)s, %(summary)s, %(happened_at)s)
ON CONFLICT (doc_id) DO UPDATE
SET final_classification = excluded.final_classification, outcome = excluded.outcome, summary = excluded.summary,
    happened_at = excluded.happened_at
WHERE incident_memory.happened_at < excluded.happened_at

-- name: incidents_of_the_same_alert_or_technique
-- By technique among the newest thousand only: no index can serve && behind row level security.
(
    SELECT doc_id, alert_name, final_classification, outcome, mitre_techniques, summary, happened_at
    FROM incident_memory
    WHERE tenant_id = %(tenant_id)s AND alert_name = %(alert_name)s
    ORDER BY happened_at DESC
    LIMIT %(limit)s
) UNION (
    SELECT doc_id, alert_name, final_classification, outcome, mitre_techniques, summary, happened_at
    FROM (
        SELECT * FROM incident_memory WHERE tenant_id = %(tenant_id)s ORDER BY happened_at DESC LIMIT 1000
    ) AS newest
    WHERE mitre_techniques && %(techniques)s
    ORDER BY happened_at DESC
    LIMIT %(limit)s
)
ORDER BY happened_at DESC
LIMIT %(limit)s
