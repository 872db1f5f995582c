-- name: settle_plans
-- A month of rows is hashed in memory; compiling a plan would take longer than most of them run.
SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)

-- name: one_at_a_time
SELECT pg_try_advisory_xact_lock(hashtextextended(%(tenant_id)s || ' ' || %(rule_id)s, 0)) AS locked

-- name: find_run
SELECT ran_until, failing_since FROM atlas_rule_runs WHERE tenant_id = %(tenant_id)s AND rule_id = %(rule_id)s

-- name: find_tuning
SELECT version, thresholds, silent_signals FROM atlas_tunings
WHERE tenant_id = %(tenant_id)s AND rule_id = %(rule_id)s
ORDER BY version DESC LIMIT 1

-- name: ran
INSERT INTO atlas_rule_runs (tenant_id, rule_id, ran_until) VALUES (%(tenant_id)s, %(rule_id)s, %(ran_until)s)
ON CONFLICT (tenant_id, rule_id) DO UPDATE
SET ran_until = greatest(atlas_rule_runs.ran_until, excluded.ran_until), failing_since = NULL, last_error = '',
    updated_at = now()

-- name: failed
INSERT INTO atlas_rule_runs (tenant_id, rule_id, failing_since, last_error)
VALUES (%(tenant_id)s, %(rule_id)s, now(), %(error)s)
ON CONFLICT (tenant_id, rule_id) DO UPDATE
SET failing_since = coalesce(atlas_rule_runs.failing_since, now()), last_error = %(error)s, updated_at = now()
RETURNING failing_since = now() AS is_new

-- name: tenants
SELECT DISTINCT tenant_id FROM tenants_to_watch(%(since)s) AS tenant_id ORDER BY tenant_id
