-- name: calls_by_identity
WITH called AS (
    SELECT caller_identity, endpoint, count(*) AS calls, sum(response_payload_size)::float8 AS bytes,
        count(*) FILTER (WHERE extract(hour FROM ts AT TIME ZONE %(time_zone)s) < %(opens_at)s
            OR extract(hour FROM ts AT TIME ZONE %(time_zone)s) >= %(closes_at)s) AS after_hours,
        array_agg(DISTINCT host(caller_ip)) AS addresses
    FROM orbital_api_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY caller_identity, endpoint
), busy AS (
    SELECT caller_identity, sum(calls)::bigint AS current_count, count(*) AS distinct_endpoints,
        sum(after_hours)::bigint AS after_hours, sum(bytes) AS bytes_out, (array_agg(endpoint ORDER BY bytes DESC))[:20]
            AS endpoints, (array_agg(addresses[1]))[:10] AS source_ips
    FROM called GROUP BY caller_identity
), days AS (
    SELECT caller_identity, day, count(*) AS calls, sum(size) AS bytes
    FROM (
        SELECT caller_identity, date_bin('1 day', ts, %(window_start)s) AS day, response_payload_size::float8 AS size
        FROM orbital_api_logs
        WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
        OFFSET 0  -- else the planner expects a group for each ts and sorts a month where it could hash it
    ) AS each_call
    GROUP BY caller_identity, day
), usual AS (
    SELECT caller_identity, sum(calls)::bigint AS baseline_count, count(*) AS active_days,
        extract(epoch FROM %(window_start)s - min(day))::float8 / 86400 AS observed_days, max(bytes) AS most_bytes,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY bytes) AS bytes_out_baseline,
        percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY ln(1 + bytes)) AS log_bytes
    FROM days GROUP BY caller_identity
)
SELECT busy.*, coalesce(baseline_count, 0) AS baseline_count, coalesce(active_days, 0) AS active_days,
    coalesce(observed_days, 0) AS observed_days, coalesce(most_bytes, 0) AS most_bytes, bytes_out_baseline, log_bytes
FROM busy LEFT JOIN usual ON usual.caller_identity = busy.caller_identity
