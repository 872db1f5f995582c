-- name: put_tasks
INSERT INTO batch_tasks (task_id, tenant_id, task_type, task, size_bytes)
SELECT task_id, %(tenant_id)s, %(task_type)s, task, size_bytes
FROM unnest(%(task_ids)s::uuid[], %(tasks)s::jsonb[], %(sizes)s::integer[]) AS given (task_id, task, size_bytes)
ON CONFLICT (task_id) DO NOTHING

-- name: grow_queue
-- Due at once with enough tasks, else so long after the last flush, or after the first task where there was none.
INSERT INTO batch_queues AS queue (tenant_id, task_type, waiting, due_at)
VALUES (%(tenant_id)s, %(task_type)s, %(added)s,
    CASE WHEN %(added)s >= %(flush_count)s THEN now() ELSE now() + %(flush_age)s END)
ON CONFLICT (tenant_id, task_type) DO UPDATE
SET waiting = queue.waiting + excluded.waiting,
    due_at = CASE WHEN queue.waiting + excluded.waiting >= %(flush_count)s THEN least(queue.due_at, now())
        ELSE coalesce(queue.due_at, coalesce(queue.last_flush_at, now()) + %(flush_age)s) END

-- name: due_queue
-- For every tenant: the flush that has waited longest.
SELECT tenant_id, task_type FROM batch_queues WHERE due_at <= now() ORDER BY due_at LIMIT 1

-- name: waiting_tasks
-- The oldest, as many as fit into a request.
SELECT task_id, task, attempts FROM (
    SELECT task_id, task, attempts, queued_at,
        sum(size_bytes) OVER (ORDER BY queued_at, task_id) AS size_so_far,
        row_number() OVER (ORDER BY queued_at, task_id) AS place
    FROM (
        SELECT task_id, task, attempts, queued_at, size_bytes FROM batch_tasks
        WHERE tenant_id = %(tenant_id)s AND task_type = %(task_type)s AND status = 'queued'
        ORDER BY queued_at, task_id
        LIMIT %(limit)s
    ) AS oldest
) AS counted
WHERE size_so_far <= %(most_bytes)s OR place = 1
ORDER BY queued_at, task_id

-- name: lock_queue
SELECT waiting FROM batch_queues WHERE tenant_id = %(tenant_id)s AND task_type = %(task_type)s FOR UPDATE

-- name: flush_queue
UPDATE batch_queues
SET waiting = waiting - %(taken)s, last_flush_at = now(),
    due_at = CASE WHEN waiting - %(taken)s >= %(flush_count)s THEN now()
        WHEN waiting > %(taken)s THEN now() + %(flush_age)s END
WHERE tenant_id = %(tenant_id)s AND task_type = %(task_type)s

-- name: postpone_queue
UPDATE batch_queues SET due_at = greatest(due_at, now() + %(pause)s)
WHERE tenant_id = %(tenant_id)s AND task_type = %(task_type)s AND waiting > 0

-- name: fail_queued
UPDATE batch_tasks SET status = 'failed', error = %(error)s, finished_at = now()
WHERE tenant_id = %(tenant_id)s AND task_id = ANY(%(task_ids)s::uuid[]) AND status = 'queued'

-- name: mark_submitted
UPDATE batch_tasks
SET status = 'submitted', job_id = %(job_id)s, attempts = attempts + 1, prompt_sha256 = given.prompt_sha256
FROM unnest(%(task_ids)s::uuid[], %(prompts)s::text[]) AS given (task_id, prompt_sha256)
WHERE tenant_id = %(tenant_id)s AND batch_tasks.task_id = given.task_id AND status = 'queued'

-- name: of_job
SELECT task_id, task, attempts, prompt_sha256 FROM batch_tasks
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND task_id = ANY(%(task_ids)s::uuid[])
    AND status = 'submitted'
ORDER BY task_id
FOR UPDATE

-- name: left_in_job
SELECT task_id FROM batch_tasks
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND status = 'submitted'
ORDER BY task_id
LIMIT %(limit)s

-- name: finish
UPDATE batch_tasks
SET status = 'succeeded', result = given.result, error = '', finished_at = now()
FROM unnest(%(task_ids)s::uuid[], %(results)s::jsonb[]) AS given (task_id, result)
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND batch_tasks.task_id = given.task_id
    AND status = 'submitted'

-- name: give_back
-- What failed waits for the next batch, until it has failed too often.
UPDATE batch_tasks
SET status = CASE WHEN attempts >= %(most_attempts)s THEN 'failed' ELSE 'queued' END,
    finished_at = CASE WHEN attempts >= %(most_attempts)s THEN now() END,
    job_id = CASE WHEN attempts >= %(most_attempts)s THEN job_id END,
    attempts = attempts - %(not_sent)s, error = given.error
FROM unnest(%(task_ids)s::uuid[], %(errors)s::text[]) AS given (task_id, error)
WHERE tenant_id = %(tenant_id)s AND job_id = %(job_id)s AND batch_tasks.task_id = given.task_id
    AND status = 'submitted'
RETURNING status
