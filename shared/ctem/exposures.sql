-- name: upsert_exposure
INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_zone, severity, status, ctem_score, source_tool, exposure)
VALUES (%(tenant_id)s, %(exposure_key)s, %(asset_id)s, %(asset_zone)s, %(severity)s, %(status)s, %(ctem_score)s,
        %(source_tool)s, %(exposure)s)
ON CONFLICT (tenant_id, exposure_key) DO UPDATE
SET severity = excluded.severity, status = excluded.status, ctem_score = excluded.ctem_score,
    exposure = excluded.exposure, updated_at = now()

-- name: open_exposures_of_assets
SELECT exposure_key, asset_id, asset_zone, severity, ctem_score, source_tool, exposure ->> 'title' AS title,
       exposure ->> 'physical_consequence' AS physical_consequence,
       EXTRACT(EPOCH FROM now() - updated_at) / 3600 AS age_hours
FROM ctem_exposures
WHERE tenant_id = %(tenant_id)s AND asset_key = ANY(%(assets)s) AND status NOT IN ('Verified', 'Closed')
ORDER BY ctem_score DESC
LIMIT 50
