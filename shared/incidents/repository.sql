-- name: lock
-- One at a time for a tenant: two alerts that are linked at once would each not see the other and open an incident.
SELECT pg_advisory_xact_lock(%(room)s, hashtext(%(tenant_id)s))

-- name: lock_incidents
SELECT incident_id FROM incidents
WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)
ORDER BY incident_id
FOR NO KEY UPDATE

-- name: hold_incident_of_alert
SELECT c.incident_id FROM incident_alerts a JOIN incidents c ON c.tenant_id = a.tenant_id AND c.incident_id = a.incident_id
WHERE a.tenant_id = %(tenant_id)s AND a.alert_id = %(alert_id)s
FOR NO KEY UPDATE OF c

-- name: place_of_alert
-- One row, also for an alert that is in no incident. expected_in is where its source wants it.
SELECT a.incident_id, a.linked_by, a.reason, a.linked_to, e.incident_id AS expected_in, ARRAY(
    SELECT t.kind || ' ' || t.value FROM incident_traces t
    WHERE t.tenant_id = %(tenant_id)s AND t.alert_id = %(alert_id)s) AS traces
FROM (SELECT) AS one
LEFT JOIN incident_alerts a ON a.tenant_id = %(tenant_id)s AND a.alert_id = %(alert_id)s
LEFT JOIN incident_expected_alerts e ON e.tenant_id = %(tenant_id)s AND e.alert_id = %(alert_id)s

-- name: incident_of_alert
SELECT c.incident_id, c.title, c.source, c.source_incident, c.source_status, c.source_classification, c.merged_into,
    c.apart_from, c.opened_at
FROM incident_alerts a JOIN incidents c ON c.tenant_id = a.tenant_id AND c.incident_id = a.incident_id
WHERE a.tenant_id = %(tenant_id)s AND a.alert_id = %(alert_id)s

-- name: alerts_of_incident_of_alert
SELECT m.alert_id, m.incident_id, m.investigation_id, m.source, m.title, m.severity, m.product, m.tactics, m.techniques,
    m.began_at, m.ended_at, m.linked_at, m.linked_by, m.reason, m.linked_to, m.decided, m.classification, m.confidence,
    m.outcome
FROM incident_alerts a JOIN incident_alerts m ON m.tenant_id = a.tenant_id AND m.incident_id = a.incident_id
WHERE a.tenant_id = %(tenant_id)s AND a.alert_id = %(alert_id)s
ORDER BY m.began_at, m.alert_id

-- name: neighbours
SELECT wanted.kind, wanted.value, a.alert_id, a.incident_id, a.source, a.title, a.severity, a.tactics, a.techniques,
    a.principals, a.began_at, a.ended_at
FROM unnest(%(kinds)s::text[], %(names)s::text[]) AS wanted (kind, value)
CROSS JOIN LATERAL (
    SELECT t.alert_id FROM incident_traces t
    WHERE t.tenant_id = %(tenant_id)s AND t.kind = wanted.kind AND t.value = wanted.value
        AND t.began_at BETWEEN %(begun_since)s AND %(begun_until)s
    ORDER BY t.began_at DESC
    LIMIT %(at_most)s
) AS near
JOIN incident_alerts a ON a.tenant_id = %(tenant_id)s AND a.alert_id = near.alert_id
WHERE a.alert_id <> %(alert_id)s

-- name: expected_has_come
DELETE FROM incident_expected_alerts WHERE tenant_id = %(tenant_id)s AND alert_id = %(alert_id)s

-- name: grouped_by_source
SELECT incident_id FROM incidents
WHERE tenant_id = %(tenant_id)s AND source = %(source)s AND source_incident = %(source_incident)s

-- name: incidents
SELECT incident_id, title, source, source_incident, source_status, source_classification, merged_into, apart_from,
    opened_at
FROM incidents
WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)

-- name: newest
-- The place is a condition of the index, also on the first page: no page reads what lies before it.
SELECT incident_id, title, source, source_incident, source_status, source_classification, merged_into, apart_from,
    opened_at
FROM incidents
WHERE tenant_id = %(tenant_id)s AND merged_into IS NULL
    AND (opened_at, incident_id) < (coalesce(%(moment)s::timestamptz, 'infinity'), coalesce(%(row_id)s, ''))
ORDER BY opened_at DESC, incident_id DESC
LIMIT %(limit)s

-- name: oldest
SELECT incident_id, title, source, source_incident, source_status, source_classification, merged_into, apart_from,
    opened_at
FROM incidents
WHERE tenant_id = %(tenant_id)s AND merged_into IS NULL
    AND (opened_at, incident_id) > (coalesce(%(moment)s::timestamptz, '-infinity'), coalesce(%(row_id)s, ''))
ORDER BY opened_at, incident_id
LIMIT %(limit)s

-- name: alerts_of_incidents
SELECT alert_id, incident_id, investigation_id, source, title, severity, product, tactics, techniques, began_at,
    ended_at, linked_at, linked_by, reason, linked_to, decided, classification, confidence, outcome, exposures
FROM incident_alerts
WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)
ORDER BY began_at, alert_id

-- name: open_incident
INSERT INTO incidents (incident_id, tenant_id, title, source, source_incident)
VALUES (%(incident_id)s, %(tenant_id)s, %(title)s, %(source)s, %(source_incident)s)

-- name: put_alert
-- A later message about the alert tells more; what its investigation came to stays.
WITH placed AS (
    INSERT INTO incident_alerts (tenant_id, alert_id, incident_id, investigation_id, source, title, severity, product,
        tactics, techniques, principals, began_at, ended_at, linked_by, reason, linked_to)
    VALUES (%(tenant_id)s, %(alert_id)s, %(incident_id)s, %(investigation_id)s, %(source)s, %(title)s, %(severity)s,
        %(product)s, %(tactics)s, %(techniques)s, %(principals)s, %(began_at)s, %(ended_at)s, %(linked_by)s, %(reason)s,
        %(linked_to)s)
    ON CONFLICT (tenant_id, alert_id) DO UPDATE
    SET incident_id = excluded.incident_id, severity = excluded.severity, tactics = excluded.tactics,
        techniques = excluded.techniques, principals = excluded.principals, linked_by = excluded.linked_by,
        reason = excluded.reason, linked_to = excluded.linked_to
)
INSERT INTO incident_traces (tenant_id, kind, value, alert_id, began_at)
SELECT %(tenant_id)s, kind, value, %(alert_id)s, %(began_at)s
FROM unnest(%(kinds)s::text[], %(names)s::text[]) AS found (kind, value)
ON CONFLICT DO NOTHING

-- name: move_all
UPDATE incident_alerts SET incident_id = %(into)s
WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)

-- name: move_expected
UPDATE incident_expected_alerts SET incident_id = %(into)s
WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)

-- name: end_as_part_of
UPDATE incidents SET merged_into = %(into)s WHERE tenant_id = %(tenant_id)s AND incident_id = ANY(%(incident_ids)s)

-- name: keep_apart
UPDATE incidents SET apart_from = %(apart_from)s WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident_id)s

-- name: record_verdict
UPDATE incident_alerts
SET decided = %(decided)s, classification = %(classification)s, confidence = %(confidence)s, outcome = %(outcome)s,
    exposures = %(open_exposures)s
WHERE tenant_id = %(tenant_id)s AND alert_id = %(alert_id)s

-- name: move_alerts
UPDATE incident_alerts SET incident_id = %(into)s, linked_by = %(linked_by)s, reason = %(reason)s, linked_to = '{}'
WHERE tenant_id = %(tenant_id)s AND alert_id = ANY(%(alert_ids)s)

-- name: move_unlinked
-- They left an incident together: the links among them stay.
UPDATE incident_alerts SET incident_id = %(into)s WHERE tenant_id = %(tenant_id)s AND alert_id = ANY(%(alert_ids)s)

-- name: places_of_alerts
SELECT alert_id, incident_id, linked_by FROM incident_alerts
WHERE tenant_id = %(tenant_id)s AND alert_id = ANY(%(alert_ids)s)

-- name: expect
INSERT INTO incident_expected_alerts (tenant_id, alert_id, incident_id)
SELECT %(tenant_id)s, alert_id, %(incident_id)s FROM unnest(%(alert_ids)s::text[]) AS listed (alert_id)
ON CONFLICT (tenant_id, alert_id) DO UPDATE SET incident_id = excluded.incident_id

-- name: note_source
UPDATE incidents SET source_status = %(source_status)s, source_classification = %(source_classification)s
WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident_id)s

-- name: forget_traces
-- For every tenant: they are too old to link anything.
DELETE FROM incident_traces
WHERE (tenant_id, alert_id, kind, value) IN (
    SELECT tenant_id, alert_id, kind, value FROM incident_traces
    WHERE began_at < %(older_than)s
    ORDER BY began_at
    LIMIT %(limit)s
)
