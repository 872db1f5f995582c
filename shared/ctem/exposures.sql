-- name: upsert_exposure
INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_zone, severity, status, ctem_score, source_tool, exposure)
VALUES (%(tenant_id)s, %(exposure_key)s, %(asset_id)s, %(asset_zone)s, %(severity)s, %(status)s, %(ctem_score)s,
        %(source_tool)s, %(exposure)s)
ON CONFLICT (tenant_id, exposure_key) DO UPDATE
SET severity = excluded.severity, status = excluded.status, ctem_score = excluded.ctem_score,
    exposure = excluded.exposure, updated_at = now(), last_seen = now()

-- name: open_exposures_of_assets
-- By the asset's id or by the name that alerts call it; each has an index.
WITH found AS (
    SELECT id FROM ctem_exposures
    WHERE tenant_id = %(tenant_id)s AND asset_key = ANY(%(assets)s) AND status NOT IN ('Verified', 'Closed')
    UNION
    SELECT id FROM ctem_exposures
    WHERE tenant_id = %(tenant_id)s AND asset_name_key = ANY(%(assets)s) AND asset_name_key <> ''
        AND status NOT IN ('Verified', 'Closed')
)
SELECT exposure_key, asset_id, asset_name, asset_zone, severity, ctem_score, source_tool, exposure ->> 'title' AS title,
    exposure ->> 'physical_consequence' AS physical_consequence, exposure ->> 'attack_technique' AS attack_technique,
    exposure ->> 'atlas_technique' AS atlas_technique, accepted_until,
    EXTRACT(EPOCH FROM now() - last_seen) / 3600 AS age_hours
FROM found JOIN ctem_exposures USING (id)
WHERE tenant_id = %(tenant_id)s
ORDER BY ctem_score DESC, exposure_key
LIMIT 50

-- name: exposure
SELECT exposure, status, asset_name, details, scope, first_seen, last_seen, occurrences, sla_deadline, sla_breached_at,
    resolved_at, reopened, assigned_to, accepted_until, accepted_by, accepted_reason, ctem_score, exposure_key, severity,
    (SELECT seen_at FROM technique_sightings s WHERE s.tenant_id = %(tenant_id)s
        AND technique = exposure ->> 'atlas_technique' AND seen_at > now() - interval '7 days') AS alerted_at
FROM ctem_exposures
WHERE tenant_id = %(tenant_id)s AND exposure_key = %(exposure_key)s

-- name: worst_exposures
-- The place is a condition of the index, also on the first page: no page reads what lies before it.
SELECT exposure, status, asset_name, details, scope, first_seen, last_seen, occurrences, sla_deadline, sla_breached_at,
    resolved_at, reopened, assigned_to, accepted_until, accepted_by, accepted_reason, ctem_score, exposure_key, severity,
    (SELECT seen_at FROM technique_sightings s WHERE s.tenant_id = %(tenant_id)s
        AND technique = exposure ->> 'atlas_technique' AND seen_at > now() - interval '7 days') AS alerted_at
FROM ctem_exposures
WHERE tenant_id = %(tenant_id)s
    AND (ctem_score, exposure_key) < (coalesce(%(score)s::float8, 'infinity'), coalesce(%(row_id)s::text, ''))
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(tool)s::text IS NULL OR source_tool = %(tool)s)
ORDER BY ctem_score DESC, exposure_key DESC
LIMIT %(limit)s

-- name: mildest_exposures
SELECT exposure, status, asset_name, details, scope, first_seen, last_seen, occurrences, sla_deadline, sla_breached_at,
    resolved_at, reopened, assigned_to, accepted_until, accepted_by, accepted_reason, ctem_score, exposure_key, severity,
    (SELECT seen_at FROM technique_sightings s WHERE s.tenant_id = %(tenant_id)s
        AND technique = exposure ->> 'atlas_technique' AND seen_at > now() - interval '7 days') AS alerted_at
FROM ctem_exposures
WHERE tenant_id = %(tenant_id)s
    AND (ctem_score, exposure_key) > (coalesce(%(score)s::float8, '-infinity'), coalesce(%(row_id)s::text, ''))
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(tool)s::text IS NULL OR source_tool = %(tool)s)
ORDER BY ctem_score, exposure_key
LIMIT %(limit)s

-- name: accept
UPDATE ctem_exposures
SET accepted_until = %(until)s, accepted_by = %(person)s, accepted_reason = %(reason)s, updated_at = now()
WHERE tenant_id = %(tenant_id)s AND exposure_key = %(exposure_key)s AND status NOT IN ('Verified', 'Closed')

-- name: assign
UPDATE ctem_exposures
SET assigned_to = %(owner)s, status = CASE status WHEN 'Open' THEN 'InProgress' ELSE status END, updated_at = now()
WHERE tenant_id = %(tenant_id)s AND exposure_key = %(exposure_key)s AND status NOT IN ('Verified', 'Closed')

-- name: sight
INSERT INTO technique_sightings (tenant_id, technique)
SELECT %(tenant_id)s, technique FROM unnest(%(techniques)s::text[]) AS named (technique)
ON CONFLICT (tenant_id, technique) DO UPDATE SET seen_at = now()
