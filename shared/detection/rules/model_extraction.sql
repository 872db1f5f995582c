-- name: questions_by_user
-- Each user's largest block of six hours in the last seven days is what the window is compared with.
WITH asked AS (
    SELECT user_id, session_id, ts, token_count,
        extract(epoch FROM ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts))::float8 * 1000 AS gap
    FROM orbital_nl_query_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
), busy AS (
    SELECT user_id, count(*) AS query_count, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median_gap_ms,
        count(DISTINCT session_id) AS distinct_sessions,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY token_count)::float8 AS median_tokens,
        extract(epoch FROM max(ts) - min(ts))::float8 / 60 AS span_minutes
    FROM asked GROUP BY user_id
), blocks AS (
    SELECT user_id, date_bin('6 hours', ts, %(window_start)s) AS block, count(*) AS queries
    FROM orbital_nl_query_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
    GROUP BY user_id, block
), usual AS (
    SELECT user_id, max(queries) AS most_queries,
        extract(epoch FROM %(window_start)s - min(block))::float8 / 86400 AS observed_days
    FROM blocks GROUP BY user_id
), peers AS (
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY queries)::float8 AS peer_queries, count(*) AS peer_blocks
    FROM blocks
)
SELECT busy.*, coalesce(most_queries, 0) AS most_queries, coalesce(observed_days, 0) AS observed_days, peer_queries,
    peer_blocks
FROM busy LEFT JOIN usual ON usual.user_id = busy.user_id CROSS JOIN peers

-- name: calls_by_identity
WITH called AS (
    SELECT caller_identity, caller_ip, endpoint, ts, response_payload_size,
        extract(epoch FROM ts - lag(ts) OVER (PARTITION BY caller_identity ORDER BY ts))::float8 * 1000 AS gap
    FROM orbital_api_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
        AND endpoint ~* 'predict|forecast|inference|query|nl-query'
)
SELECT caller_identity AS user_id, count(*) AS query_count,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median_gap_ms, count(DISTINCT endpoint) AS distinct_endpoints,
    sum(response_payload_size)::float8 AS total_response_bytes, (array_agg(DISTINCT host(caller_ip)))[:10] AS source_ips,
    (array_agg(DISTINCT endpoint))[:20] AS endpoints, extract(epoch FROM max(ts) - min(ts))::float8 / 60 AS span_minutes
FROM called GROUP BY caller_identity HAVING count(*) > %(api_count)s
