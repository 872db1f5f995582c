-- name: inferences_by_node
WITH busy AS (
    SELECT edge_node_id, count(*) AS n, avg(confidence_score)::float8 AS mean_confidence,
        avg(inference_latency_ms)::float8 AS mean_latency, count(*) FILTER (WHERE physics_check_result = 'FAIL') AS fails,
        (array_agg(DISTINCT model_version))[:10] AS model_versions
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY edge_node_id
), usual AS (
    SELECT edge_node_id, count(*) AS n_baseline, avg(confidence_score)::float8 AS baseline_confidence,
        stddev_samp(confidence_score)::float8 AS baseline_spread, avg(inference_latency_ms)::float8 AS baseline_latency,
        count(*) FILTER (WHERE physics_check_result = 'FAIL') AS baseline_fails,
        extract(epoch FROM %(window_start)s - min(ts))::float8 / 3600 AS observed_hours
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
    GROUP BY edge_node_id
)
SELECT busy.*, coalesce(n_baseline, 0) AS n_baseline, baseline_confidence, baseline_spread, baseline_latency,
    coalesce(baseline_fails, 0) AS baseline_fails, coalesce(observed_hours, 0) AS observed_hours
FROM busy LEFT JOIN usual ON usual.edge_node_id = busy.edge_node_id

-- name: inferences_by_model
-- A new model version is as sure as it is: it is compared with itself, once it has a past.
WITH busy AS (
    SELECT edge_node_id, model_version, count(*) AS n, avg(confidence_score)::float8 AS mean_confidence,
        avg(inference_latency_ms)::float8 AS mean_latency, count(*) FILTER (WHERE physics_check_result = 'FAIL') AS fails,
        ARRAY[model_version] AS model_versions
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY edge_node_id, model_version
), usual AS (
    SELECT edge_node_id, model_version, count(*) AS n_baseline, avg(confidence_score)::float8 AS baseline_confidence,
        stddev_samp(confidence_score)::float8 AS baseline_spread, avg(inference_latency_ms)::float8 AS baseline_latency,
        count(*) FILTER (WHERE physics_check_result = 'FAIL') AS baseline_fails,
        extract(epoch FROM %(window_start)s - min(ts))::float8 / 3600 AS observed_hours
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
    GROUP BY edge_node_id, model_version
)
SELECT busy.*, coalesce(n_baseline, 0) AS n_baseline, baseline_confidence, baseline_spread, baseline_latency,
    coalesce(baseline_fails, 0) AS baseline_fails, coalesce(observed_hours, 0) AS observed_hours
FROM busy LEFT JOIN usual ON usual.edge_node_id = busy.edge_node_id AND usual.model_version = busy.model_version
