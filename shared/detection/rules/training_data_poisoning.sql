-- name: activity_by_user
-- Blocks of the baseline are days that end at the hour at which the window began.
WITH busy AS (
    SELECT user_id, count(*) AS current_count, count(DISTINCT target_resource) AS distinct_tables,
        count(*) FILTER (WHERE action IN ('deltaDMLEvent', 'deltaTableWrite')) AS current_writes,
        min(ts) AS first_action, max(ts) AS last_action,
        (array_agg(DISTINCT host(source_ip)) FILTER (WHERE source_ip IS NOT NULL))[:10] AS source_ips,
        (array_agg(DISTINCT target_resource))[:20] AS targets
    FROM databricks_audit
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
        AND action IN ('deltaDMLEvent', 'deltaTableWrite', 'notebookRun', 'clusterCreate')
    GROUP BY user_id
), days AS (
    SELECT user_id, day, count(*) AS actions, count(*) FILTER (WHERE is_write) AS writes
    FROM (
        SELECT user_id, date_bin('1 day', ts, %(window_start)s) AS day,
            action IN ('deltaDMLEvent', 'deltaTableWrite') AS is_write
        FROM databricks_audit
        WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
            AND action IN ('deltaDMLEvent', 'deltaTableWrite', 'notebookRun', 'clusterCreate')
        OFFSET 0  -- else the planner expects a group for each ts and sorts a month where it could hash it
    ) AS acted
    GROUP BY user_id, day
), usual AS (
    SELECT user_id, sum(actions)::bigint AS baseline_count, count(*) AS active_days,
        extract(epoch FROM %(window_start)s - min(day))::float8 / 86400 AS observed_days, max(writes) AS most_writes,
        percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY ln(1 + writes)) AS log_writes
    FROM days GROUP BY user_id
)
SELECT busy.*, coalesce(baseline_count, 0) AS baseline_count, coalesce(active_days, 0) AS active_days,
    coalesce(observed_days, 0) AS observed_days, coalesce(most_writes, 0) AS most_writes, log_writes
FROM busy LEFT JOIN usual ON usual.user_id = busy.user_id
