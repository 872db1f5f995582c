-- name: fired_since
SELECT signal, entity, dedupe_key, first_alert_id, fire_count, max_confidence, max_severity, triggers
FROM atlas_alert_state
WHERE tenant_id = %(tenant_id)s AND rule_id = %(rule_id)s AND entity = ANY(%(entities)s) AND first_fired_at > %(since)s
ORDER BY first_fired_at

-- name: remember
INSERT INTO atlas_alert_state (tenant_id, dedupe_key, rule_id, signal, entity, bucket_start, first_fired_at,
    first_alert_id, max_confidence, max_severity, triggers)
VALUES (%(tenant_id)s, %(dedupe_key)s, %(rule_id)s, %(signal)s, %(entity)s, %(bucket_start)s, %(end)s, %(alert_id)s,
    %(confidence)s, %(severity)s, %(triggers)s)
ON CONFLICT (tenant_id, dedupe_key) DO NOTHING

-- name: fired_again
UPDATE atlas_alert_state
SET fire_count = fire_count + 1, max_confidence = greatest(max_confidence, %(confidence)s), max_severity = %(severity)s,
    triggers = (SELECT array_agg(DISTINCT name) FROM unnest(triggers || %(triggers)s::text[]) AS name), updated_at = now()
WHERE tenant_id = %(tenant_id)s AND dedupe_key = %(dedupe_key)s
