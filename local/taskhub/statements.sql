-- name: lead
SELECT pg_advisory_lock(hashtextextended('taskhub:' || %(hub)s::text, 0));

-- name: try_to_lead
SELECT pg_try_advisory_lock(hashtextextended('taskhub:' || %(hub)s::text, 0)) AS leads;

-- name: announce
SELECT pg_notify('taskhub', %(hub)s::text || ' ' || %(instance_id)s::text);

-- name: find
SELECT * FROM taskhub.instances WHERE hub = %(hub)s AND instance_id = %(instance_id)s;

-- name: history
SELECT event FROM taskhub.history WHERE hub = %(hub)s AND instance_id = %(instance_id)s ORDER BY position;

-- name: inbox
SELECT message_id, execution_id, event FROM taskhub.inbox
WHERE hub = %(hub)s AND instance_id = %(instance_id)s ORDER BY message_id;

-- name: drop_finished
DELETE FROM taskhub.instances
WHERE hub = %(hub)s AND instance_id = %(instance_id)s AND status IN ('Completed', 'Failed', 'Terminated');

-- name: create
INSERT INTO taskhub.instances (hub, instance_id, execution_id, name, version, status, input,
                               parent_instance_id, parent_execution_id, parent_task_id, created_at, updated_at)
VALUES (%(hub)s, %(instance_id)s, %(execution_id)s, %(name)s, %(version)s, 'Pending', %(input)s,
        %(parent_instance_id)s, %(parent_execution_id)s, %(parent_task_id)s, now(), now())
ON CONFLICT (hub, instance_id) DO NOTHING
RETURNING instance_id;

-- name: send
-- To an instance that still runs; with an execution id, only while that execution runs.
INSERT INTO taskhub.inbox (hub, instance_id, execution_id, event)
SELECT hub, instance_id, %(execution_id)s, %(event)s FROM taskhub.instances
WHERE hub = %(hub)s AND instance_id = %(instance_id)s AND status IN ('Pending', 'Running', 'Suspended')
  AND execution_id = coalesce(%(execution_id)s, execution_id)
RETURNING message_id;

-- name: advance
UPDATE taskhub.instances
SET status = %(status)s, output = %(output)s, custom_status = %(custom_status)s, input = %(input)s,
    execution_id = %(next_execution_id)s, revision = revision + 1, updated_at = now()
WHERE hub = %(hub)s AND instance_id = %(instance_id)s AND execution_id = %(execution_id)s AND revision = %(revision)s
RETURNING revision;

-- name: append
INSERT INTO taskhub.history (hub, instance_id, position, event)
SELECT %(hub)s, %(instance_id)s, %(first)s + ordinality - 1, event
FROM unnest(%(events)s::text[]) WITH ORDINALITY AS new (event, ordinality);

-- name: consume
DELETE FROM taskhub.inbox WHERE message_id = ANY (%(message_ids)s);

-- name: schedule_activities
INSERT INTO taskhub.activities (hub, instance_id, execution_id, task_id, name, input)
SELECT %(hub)s, %(instance_id)s, %(execution_id)s, task_id, name, input
FROM unnest(%(task_ids)s::int[], %(names)s::text[], %(inputs)s::text[]) AS new (task_id, name, input);

-- name: arm_timers
INSERT INTO taskhub.timers (hub, instance_id, execution_id, task_id, fire_at)
SELECT %(hub)s, %(instance_id)s, %(execution_id)s, task_id, fire_at
FROM unnest(%(task_ids)s::int[], %(fire_at)s::timestamptz[]) AS new (task_id, fire_at);

-- name: disarm_timers
DELETE FROM taskhub.timers
WHERE hub = %(hub)s AND instance_id = %(instance_id)s AND task_id = ANY (%(task_ids)s::int[]);

-- name: clear_history
DELETE FROM taskhub.history WHERE hub = %(hub)s AND instance_id = %(instance_id)s;

-- name: clear_inbox
DELETE FROM taskhub.inbox WHERE hub = %(hub)s AND instance_id = %(instance_id)s;

-- name: clear_activities
DELETE FROM taskhub.activities WHERE hub = %(hub)s AND instance_id = %(instance_id)s;

-- name: clear_timers
DELETE FROM taskhub.timers WHERE hub = %(hub)s AND instance_id = %(instance_id)s;

-- name: finish_activities
-- The deletion guards: an activity that ran twice, or outlived its execution, answers at most once.
WITH result AS (
    SELECT * FROM unnest(%(instance_ids)s::text[], %(execution_ids)s::uuid[], %(task_ids)s::int[], %(events)s::text[])
        WITH ORDINALITY AS result (instance_id, execution_id, task_id, event, ordinality)
), open AS (
    DELETE FROM taskhub.activities AS activity USING result
    WHERE activity.hub = %(hub)s AND activity.instance_id = result.instance_id
      AND activity.task_id = result.task_id AND activity.execution_id = result.execution_id
    RETURNING result.instance_id, result.execution_id, result.event, result.ordinality
)
INSERT INTO taskhub.inbox (hub, instance_id, execution_id, event)
SELECT %(hub)s, instance_id, execution_id, event FROM open ORDER BY ordinality
RETURNING instance_id;

-- name: fire_timers
WITH due AS (
    DELETE FROM taskhub.timers WHERE hub = %(hub)s AND fire_at <= %(now)s
    RETURNING instance_id, execution_id, task_id, fire_at
)
INSERT INTO taskhub.inbox (hub, instance_id, execution_id, event)
SELECT %(hub)s, instance_id, execution_id, json_build_object(
    'EventType', 11, 'EventId', -1, 'IsPlayed', false, 'Timestamp', %(stamp)s::text, 'TimerId', task_id,
    'FireAt', to_char(fire_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
FROM due ORDER BY fire_at, task_id
RETURNING instance_id;

-- name: next_timer
SELECT min(fire_at) FROM taskhub.timers WHERE hub = %(hub)s;

-- name: unfinished
SELECT DISTINCT instance_id FROM taskhub.inbox WHERE hub = %(hub)s
UNION SELECT instance_id FROM taskhub.instances WHERE hub = %(hub)s AND status = 'Pending';

-- name: open_activities
SELECT instance_id, execution_id, task_id, name, input FROM taskhub.activities
WHERE hub = %(hub)s ORDER BY instance_id, task_id;

-- name: list
SELECT * FROM taskhub.instances
WHERE hub = %(hub)s
  AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
  AND (%(created_to)s::timestamptz IS NULL OR created_at <= %(created_to)s)
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND starts_with(instance_id, %(prefix)s)
ORDER BY created_at, instance_id;

-- name: purge
DELETE FROM taskhub.instances
WHERE hub = %(hub)s AND status IN ('Completed', 'Failed', 'Terminated')
  AND (%(instance_id)s::text IS NULL OR instance_id = %(instance_id)s)
  AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
  AND (%(created_to)s::timestamptz IS NULL OR created_at <= %(created_to)s)
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND starts_with(instance_id, %(prefix)s)
RETURNING instance_id;
