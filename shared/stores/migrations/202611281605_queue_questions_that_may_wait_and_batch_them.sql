-- depends: 202611281345_notice_cases_that_make_no_step

SET LOCAL lock_timeout = '5s';

-- One row for each kind of question of a tenant: how many wait, and when they go out. Its lock makes one flush of many.
CREATE TABLE batch_queues (
    tenant_id text NOT NULL,
    task_type text NOT NULL,
    waiting integer NOT NULL CHECK (waiting >= 0),
    last_flush_at timestamptz,
    due_at timestamptz,
    PRIMARY KEY (tenant_id, task_type),
    CHECK ((waiting = 0) = (due_at IS NULL))
);
CREATE INDEX batch_queues_due ON batch_queues (due_at) WHERE due_at IS NOT NULL;

-- Written before the provider is asked. Without batch_api_id nobody knows yet whether the provider has it.
CREATE TABLE batch_jobs (
    job_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    task_type text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'submitted', 'in_progress', 'completed', 'failed', 'expired')),
    batch_api_id text UNIQUE,
    item_count integer NOT NULL CHECK (item_count > 0),
    submitted_at timestamptz NOT NULL DEFAULT now(),
    next_look_at timestamptz NOT NULL,
    sla_breached_at timestamptz,
    completed_at timestamptz,
    success_count integer NOT NULL DEFAULT 0,
    error_count integer NOT NULL DEFAULT 0,
    total_cost_usd numeric(14, 6) NOT NULL DEFAULT 0
);
CREATE INDEX batch_jobs_open ON batch_jobs (next_look_at) WHERE status IN ('submitted', 'in_progress');
CREATE INDEX batch_jobs_newest ON batch_jobs (tenant_id, submitted_at DESC);

-- prompt_sha256 is of the redacted prompt: placeholders of an answer mean what they meant in that prompt only.
CREATE TABLE batch_tasks (
    task_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    task_type text NOT NULL,
    task jsonb NOT NULL,
    size_bytes integer NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'submitted', 'succeeded', 'failed')),
    job_id uuid,
    attempts integer NOT NULL DEFAULT 0,
    prompt_sha256 text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    result jsonb,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CHECK (status <> 'submitted' OR job_id IS NOT NULL)
);
CREATE INDEX batch_tasks_waiting ON batch_tasks (tenant_id, task_type, queued_at, task_id) WHERE status = 'queued';
CREATE INDEX batch_tasks_of_job ON batch_tasks (tenant_id, job_id, task_id);

DO $$
BEGIN
    PERFORM guard_table('batch_queues', 'SELECT, INSERT, UPDATE');
    PERFORM guard_table('batch_jobs', 'SELECT, INSERT, UPDATE');
    PERFORM guard_table('batch_tasks', 'SELECT, INSERT, UPDATE');
END
$$;
