-- name: queues
SELECT task_type, waiting, last_flush_at, due_at FROM batch_queues WHERE tenant_id = %(tenant_id)s ORDER BY task_type

-- name: newest_jobs
SELECT job_id, task_type, status, batch_api_id, item_count, submitted_at, completed_at, sla_breached_at, success_count,
    error_count, total_cost_usd::double precision AS total_cost_usd
FROM batch_jobs
WHERE tenant_id = %(tenant_id)s
ORDER BY submitted_at DESC
LIMIT %(limit)s

-- name: results
SELECT task_id, task_type, status, attempts, error, result, finished_at FROM batch_tasks
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s
    AND task_id > coalesce(%(row_id)s::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY task_id
LIMIT %(limit)s
