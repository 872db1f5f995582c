-- name: calls_by_partner
WITH busy AS (
    SELECT partner_id, max(partner_name) AS partner_name, count(*) AS calls, avg(payload_size)::float8 AS mean_payload,
        count(*) FILTER (WHERE NOT mtls_verified) AS mtls_failures, count(*) FILTER (WHERE response_code >= 400)
            AS error_count, array_agg(DISTINCT direction) AS directions
    FROM partner_api_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY partner_id
), blocks AS (
    SELECT partner_id, date_bin('6 hours', ts, %(window_start)s) AS block, count(*) AS calls,
        sum(payload_size)::float8 AS bytes, sum(payload_size::float8 ^ 2) AS squares,
        count(*) FILTER (WHERE NOT mtls_verified) AS failures
    FROM partner_api_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
    GROUP BY partner_id, block
), usual AS (
    SELECT partner_id, sum(calls)::bigint AS baseline_calls, sum(bytes) / sum(calls)::float8 AS baseline_payload,
        sqrt(greatest(sum(squares) / sum(calls)::float8 - (sum(bytes) / sum(calls)::float8) ^ 2, 0)) AS payload_spread,
        stddev_samp(bytes / calls) AS block_spread, max(calls) AS most_calls, sum(failures)::bigint AS baseline_failures,
        extract(epoch FROM %(window_start)s - min(block))::float8 / 86400 AS observed_days
    FROM blocks GROUP BY partner_id
)
SELECT busy.*, coalesce(baseline_calls, 0) AS baseline_calls, baseline_payload, payload_spread, block_spread,
    coalesce(most_calls, 0) AS most_calls, coalesce(baseline_failures, 0) AS baseline_failures,
    coalesce(observed_days, 0) AS observed_days
FROM busy LEFT JOIN usual ON usual.partner_id = busy.partner_id
