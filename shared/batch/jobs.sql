-- name: begin
-- Until next_look_at whoever began it may still be asking the provider.
INSERT INTO batch_jobs (job_id, tenant_id, task_type, status, item_count, next_look_at)
VALUES (%(job_id)s, %(tenant_id)s, %(task_type)s, 'submitted', %(item_count)s, now() + %(lease)s)
RETURNING submitted_at

-- name: known_to_provider
UPDATE batch_jobs SET batch_api_id = %(batch_api_id)s, status = 'in_progress', next_look_at = now() + %(pause)s
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND status = 'submitted'

-- name: to_look_at
-- For every tenant. A crash while somebody looks costs one lease.
UPDATE batch_jobs SET next_look_at = now() + %(lease)s
WHERE job_id = (
    SELECT job_id FROM batch_jobs
    WHERE status IN ('submitted', 'in_progress') AND next_look_at <= now()
    ORDER BY next_look_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING job_id, tenant_id, task_type, status, batch_api_id, item_count, submitted_at, sla_breached_at,
    total_cost_usd

-- name: look_again
UPDATE batch_jobs SET next_look_at = now() + %(pause)s WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s

-- name: count
UPDATE batch_jobs
SET success_count = success_count + %(succeeded)s, error_count = error_count + %(failed)s,
    total_cost_usd = total_cost_usd + %(cost_usd)s
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s

-- name: cost
SELECT total_cost_usd FROM batch_jobs WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s

-- name: end_job
UPDATE batch_jobs
SET completed_at = now(), status = CASE WHEN success_count > 0 THEN 'completed' WHEN sla_breached_at IS NULL THEN 'failed'
    ELSE 'expired' END
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND status IN ('submitted', 'in_progress')

-- name: breach
UPDATE batch_jobs SET sla_breached_at = now()
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND sla_breached_at IS NULL

-- name: known_batches
-- For every tenant: the provider's list has the batches of all.
SELECT batch_api_id FROM batch_jobs WHERE batch_api_id = ANY(%(batch_api_ids)s)
