-- name: promotions
SELECT user_id, model_name, model_version, model_hash, stage, action, coalesce(approved_by, '') AS approved_by, ts
FROM model_registry
WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    AND action IN ('stage_transition', 'promote', 'deploy') AND stage = 'production'
    AND (coalesce(trim(approved_by), '') = '' OR approved_by = user_id)
ORDER BY ts LIMIT 1000

-- name: dependency_changes
-- A pipeline that never reported a test says nothing by not reporting one.
SELECT pipeline_id, commit_hash, trigger_type, left(dependency_changes, 2000) AS dependency_changes, tests_passed,
    tests_failed, deployer, ts, EXISTS (
        SELECT FROM cicd_audit AS earlier
        WHERE earlier.tenant_id = %(tenant_id)s AND earlier.pipeline_id = changed.pipeline_id
            AND earlier.ts >= %(baseline_start)s AND earlier.ts < %(window_end)s AND earlier.tests_passed IS NOT NULL
    ) AS reports_tests
FROM cicd_audit AS changed
WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    AND lower(trim(coalesce(dependency_changes, ''))) NOT IN ('', 'none')
    AND (tests_passed = 0 OR tests_passed IS NULL OR tests_failed > 0)
ORDER BY ts LIMIT 1000

-- name: unknown_hashes
-- A hash is good while it is the newest of its model in production, and for the grace period after its successor.
WITH events AS (
    SELECT model_name, model_hash, lead(ts) OVER (PARTITION BY model_name ORDER BY ts) AS replaced_at
    FROM model_registry
    WHERE tenant_id = %(tenant_id)s AND stage = 'production' AND model_hash IS NOT NULL AND ts < %(window_end)s
), good AS (
    SELECT model_hash, coalesce(max(replaced_at) FILTER (WHERE replaced_at IS NOT NULL), 'infinity') AS replaced_at,
        bool_or(replaced_at IS NULL) AS newest
    FROM events GROUP BY model_hash
), reported AS (
    SELECT edge_node_id, model_weight_hash, count(*) AS reports, min(ts) AS first_report, max(ts) AS last_report,
        (array_agg(boot_attestation ORDER BY ts DESC))[1] AS boot_attestation
    FROM edge_node_telemetry
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY edge_node_id, model_weight_hash
)
SELECT reported.*, (SELECT array_agg(model_hash) FROM (SELECT model_hash FROM good WHERE newest LIMIT 10) AS newest)
    AS expected
FROM reported
WHERE EXISTS (SELECT FROM good)
    AND NOT EXISTS (SELECT FROM good WHERE good.model_hash = reported.model_weight_hash AND (newest
        OR reported.last_report < replaced_at + make_interval(mins => %(grace_minutes)s::int)))
ORDER BY edge_node_id LIMIT 1000
