-- name: readings_by_node
WITH usual AS (
    SELECT edge_node_id, count(*) AS n_baseline, avg(data_points_received)::float8 AS mean_points,
        stddev_samp(data_points_received)::float8 AS spread_points, avg(sensor_count)::float8 AS mean_sensors,
        percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY data_points_received) AS points,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY sensor_count) AS usual_sensors,
        sum(protocol_violations)::bigint AS baseline_violations
    FROM opcua_telemetry
    WHERE tenant_id = %(tenant_id)s AND ts >= %(baseline_start)s AND ts < %(window_start)s
    GROUP BY edge_node_id
), reported AS (
    SELECT edge_node_id, ts, data_points_received, sensor_count, protocol_violations, auth_method, connection_state
    FROM opcua_telemetry
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
)
SELECT reported.edge_node_id, count(*) AS n_rows, sum(protocol_violations)::bigint AS violations,
    count(*) FILTER (WHERE protocol_violations > 0) AS violating_rows,
    max(abs(data_points_received - mean_points) / nullif(spread_points, 0)) AS max_z,
    max(abs(sensor_count - mean_sensors)) AS max_sensor_delta,
    (array_agg(abs(data_points_received - points[2])
        / greatest((points[3] - points[1]) / 1.349, %(least_spread)s * points[2], 1)
        ORDER BY abs(data_points_received - points[2]) DESC))[2] AS second_z,
    (array_agg(abs(sensor_count - usual_sensors) ORDER BY abs(sensor_count - usual_sensors) DESC))[2]
        AS second_sensor_delta,
    coalesce(max(n_baseline), 0) AS n_baseline, max(mean_points) AS mean_points, max(spread_points) AS spread_points,
    max(mean_sensors) AS mean_sensors, coalesce(max(baseline_violations), 0) AS baseline_violations,
    (array_agg(DISTINCT auth_method))[:10] AS auth_methods, (array_agg(DISTINCT connection_state))[:10] AS states
FROM reported LEFT JOIN usual ON usual.edge_node_id = reported.edge_node_id
GROUP BY reported.edge_node_id
