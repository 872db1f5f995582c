-- name: record_signal
INSERT INTO risk_signals (tenant_id, entity_id, investigation_priority, source, observed_at)
VALUES (%(tenant_id)s, %(entity_id)s, %(investigation_priority)s, %(source)s, %(observed_at)s)
ON CONFLICT (tenant_id, entity_id, source) DO UPDATE
SET investigation_priority = excluded.investigation_priority, observed_at = excluded.observed_at
WHERE risk_signals.observed_at <= excluded.observed_at

-- name: signals_of_entities
SELECT entity_id, investigation_priority, source, EXTRACT(EPOCH FROM now() - observed_at) / 3600 AS age_hours
FROM risk_signals
WHERE tenant_id = %(tenant_id)s AND entity_id = ANY(%(entities)s)
