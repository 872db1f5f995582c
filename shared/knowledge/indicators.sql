-- name: upsert_indicator
INSERT INTO threat_intel_iocs (indicator_type, indicator_value, confidence, severity, campaigns, sources, context)
VALUES (%(type)s, %(value)s, %(confidence)s, %(severity)s, %(campaigns)s, %(sources)s, %(context)s)
ON CONFLICT (indicator_type, indicator_value) DO UPDATE
SET confidence = excluded.confidence, severity = excluded.severity, campaigns = excluded.campaigns,
    sources = excluded.sources, context = excluded.context, last_seen = now()

-- name: find_indicators
SELECT indicator_type AS type, indicator_value AS value, confidence, severity, campaigns, sources, context
FROM threat_intel_iocs
WHERE indicator_value = ANY(%(values)s)

-- name: list_indicators
SELECT indicator_type AS type, indicator_value AS value, confidence, severity, campaigns, sources, context
FROM threat_intel_iocs
WHERE (indicator_type, indicator_value) > (coalesce(%(row_id)s::text, ''), coalesce(%(place)s::text, ''))
ORDER BY indicator_type, indicator_value
LIMIT %(limit)s

-- name: retire_indicator
DELETE FROM threat_intel_iocs WHERE indicator_value = %(value)s
