-- name: arrivals
-- Our own alerts do not count, else a flood would report itself. `usual` is the same six hours of the days before.
WITH arrived AS (
    SELECT source, alert_title, severity, alert_id, created_at FROM investigation_state
    WHERE tenant_id = %(tenant_id)s AND created_at >= %(baseline_start)s AND created_at < %(window_end)s
        AND source <> 'atlas'
), families AS (
    SELECT source, alert_title, count(*) AS arrivals FROM arrived WHERE created_at >= %(window_start)s
    GROUP BY source, alert_title ORDER BY arrivals DESC LIMIT 10
), days AS (
    SELECT day, (SELECT count(*) FROM arrived WHERE created_at >= %(window_start)s - day * interval '1 day'
        AND created_at < %(window_end)s - day * interval '1 day') AS arrivals
    FROM generate_series(1, 6) AS day
)
SELECT count(*) FILTER (WHERE created_at >= %(window_start)s) AS current_count,
    count(*) FILTER (WHERE created_at < %(window_start)s) AS baseline_count,
    coalesce(extract(epoch FROM %(window_start)s - min(created_at))::float8 / 86400, 0) AS observed_days,
    (SELECT max(arrivals) FROM days) AS most_arrivals,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'title', left(alert_title, 200), 'count', arrivals)),
        '[]') FROM families) AS top,
    (array_agg(alert_id ORDER BY created_at) FILTER (WHERE created_at >= %(window_start)s
        AND severity IN ('high', 'critical')))[:50] AS urgent_alert_ids
FROM arrived
