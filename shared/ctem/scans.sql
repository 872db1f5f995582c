-- name: lock
-- One at a time for a tenant: two reports at once would each not see the other's rows.
SELECT pg_advisory_xact_lock(%(room)s, hashtext(%(tenant_id)s))

-- name: kept
SELECT exposure_key, status, severity, digest, first_seen, last_seen, occurrences, clock_started_at, sla_deadline,
    resolved_at, reopened, details -> 'rate' AS rate
FROM ctem_exposures
WHERE tenant_id = %(tenant_id)s AND exposure_key = ANY(%(keys)s)

-- name: write
-- What people decided stays; a deadline that moved on is breached no longer. Arrays travel in binary, as nothing in a
-- long text must be escaped then.
INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_name, asset_zone, severity, status, ctem_score,
    source_tool, exposure, details, digest, scope, first_seen, last_seen, occurrences, clock_started_at, sla_deadline,
    resolved_at, reopened)
SELECT %(tenant_id)s, row.exposure_key, row.asset_id, row.asset_name, row.asset_zone, row.severity, row.status,
    row.ctem_score, row.source_tool, row.exposure::jsonb, row.details::jsonb, row.digest, %(scope)s, row.first_seen,
    row.last_seen, row.occurrences, row.clock_started_at, row.sla_deadline, row.resolved_at, row.reopened
FROM unnest(%(exposure_keys)b::text[], %(asset_ids)b::text[], %(asset_names)b::text[], %(asset_zones)b::text[],
    %(severities)b::text[], %(statuses)b::text[], %(ctem_scores)b::float8[], %(source_tools)b::text[],
    %(exposures)b::text[], %(detailed)b::text[], %(digests)b::bytea[], %(first_seens)b::timestamptz[],
    %(last_seens)b::timestamptz[], %(counts)b::bigint[], %(clocks)b::timestamptz[], %(deadlines)b::timestamptz[],
    %(resolved_ats)b::timestamptz[], %(reopeneds)b::int[])
    AS row (exposure_key, asset_id, asset_name, asset_zone, severity, status, ctem_score, source_tool, exposure, details,
        digest, first_seen, last_seen, occurrences, clock_started_at, sla_deadline, resolved_at, reopened)
ON CONFLICT (tenant_id, exposure_key) DO UPDATE
SET asset_name = excluded.asset_name, asset_zone = excluded.asset_zone, severity = excluded.severity,
    status = excluded.status, ctem_score = excluded.ctem_score, exposure = excluded.exposure,
    details = excluded.details, digest = excluded.digest, scope = excluded.scope, first_seen = excluded.first_seen,
    last_seen = excluded.last_seen, occurrences = excluded.occurrences, clock_started_at = excluded.clock_started_at,
    sla_deadline = excluded.sla_deadline, resolved_at = excluded.resolved_at, reopened = excluded.reopened,
    sla_breached_at = CASE WHEN excluded.sla_deadline > now() THEN NULL ELSE ctem_exposures.sla_breached_at END,
    updated_at = now()

-- name: seen_again
UPDATE ctem_exposures AS e
SET first_seen = row.first_seen, last_seen = row.last_seen, occurrences = row.occurrences,
    scope = CASE %(scope)s WHEN '' THEN e.scope ELSE %(scope)s END, updated_at = now()
FROM unnest(%(exposure_keys)b::text[], %(first_seens)b::timestamptz[], %(last_seens)b::timestamptz[], %(counts)b::bigint[])
    AS row (exposure_key, first_seen, last_seen, occurrences)
WHERE e.tenant_id = %(tenant_id)s AND e.exposure_key = row.exposure_key

-- name: resolve_unseen
UPDATE ctem_exposures
SET status = 'Closed', resolved_at = %(at)s, updated_at = now()
WHERE tenant_id = %(tenant_id)s AND exposure_key IN (
    SELECT exposure_key FROM ctem_exposures
    WHERE tenant_id = %(tenant_id)s AND source_tool = %(tool)s AND scope = %(scope)s AND scope <> ''
        AND last_seen < %(at)s AND status NOT IN ('Verified', 'Closed')
    LIMIT %(limit)s
)
RETURNING exposure
