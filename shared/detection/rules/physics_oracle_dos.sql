-- name: checks_by_node
-- A dead oracle writes no row, so its node comes from what else it was seen doing in the last day.
WITH seen AS (
    SELECT edge_node_id, max(ts) AS last_seen FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_end)s - interval '24 hours' AND ts < %(window_end)s
    GROUP BY edge_node_id
    UNION ALL
    SELECT edge_node_id, max(ts) FROM edge_node_telemetry
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_end)s - interval '24 hours' AND ts < %(window_end)s
    GROUP BY edge_node_id
), inferred AS (
    SELECT edge_node_id, count(*) AS inferences, count(*) FILTER (WHERE physics_check_result = 'SKIP') AS skipped
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY edge_node_id
), usually AS (
    SELECT edge_node_id, count(*) AS usual_inferences,
        count(*) FILTER (WHERE physics_check_result = 'SKIP') AS usual_skipped
    FROM orbital_inference_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_end)s - interval '24 hours' AND ts < %(window_start)s
    GROUP BY edge_node_id
), checked AS (
    SELECT edge_node_id, count(*) AS total_checks, count(*) FILTER (WHERE error_state <> 'NONE') AS error_count,
        count(*) FILTER (WHERE latency_ms > %(timeout_ms)s) AS timeout_count,
        count(*) FILTER (WHERE check_result = 'FAIL') AS fail_count, avg(latency_ms)::float8 AS avg_latency,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms)::float8 AS median_latency,
        max(latency_ms) AS max_latency, count(DISTINCT constraint_id) AS distinct_constraints,
        (array_agg(DISTINCT constraint_id))[:5] AS constraints, max(ts) AS last_check
    FROM orbital_physics_oracle
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
    GROUP BY edge_node_id
), nodes AS (
    SELECT edge_node_id, max(last_seen) AS last_seen FROM (
        SELECT edge_node_id, last_seen FROM seen UNION ALL SELECT edge_node_id, last_check FROM checked) AS known
    GROUP BY edge_node_id
)
SELECT nodes.edge_node_id, last_seen, coalesce(total_checks, 0) AS total_checks, coalesce(error_count, 0) AS error_count,
    coalesce(timeout_count, 0) AS timeout_count, coalesce(fail_count, 0) AS fail_count, avg_latency, median_latency,
    coalesce(max_latency, 0) AS max_latency, coalesce(distinct_constraints, 0) AS distinct_constraints, constraints,
    coalesce(inferences, 0) AS inferences, coalesce(skipped, 0) AS skipped,
    coalesce(usual_inferences, 0) AS usual_inferences, coalesce(usual_skipped, 0) AS usual_skipped
FROM nodes
LEFT JOIN checked ON checked.edge_node_id = nodes.edge_node_id
LEFT JOIN inferred ON inferred.edge_node_id = nodes.edge_node_id
LEFT JOIN usually ON usually.edge_node_id = nodes.edge_node_id
