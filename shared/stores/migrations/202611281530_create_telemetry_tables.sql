-- depends: 202611281345_notice_cases_that_make_no_step

-- What the defended systems report (detections.md §4). The key begins as every rule's question does, and its id is
-- derived from the message, so one that is delivered twice is one row. Text whose case could differ is stored in one.
CREATE SEQUENCE telemetry_lines;  -- ids of rows that no message stands behind

CREATE FUNCTION telemetry_line() RETURNS uuid
    LANGUAGE sql VOLATILE
    AS $$ SELECT lpad(to_hex(nextval('telemetry_lines')), 32, '0')::uuid $$;

CREATE TABLE databricks_audit (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    user_id text NOT NULL,
    action text NOT NULL,
    target_resource text NOT NULL,
    source_ip inet,
    workspace_id text,
    cluster_name text,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX databricks_audit_by_user ON databricks_audit (tenant_id, user_id, ts);
CREATE INDEX databricks_audit_by_action ON databricks_audit (tenant_id, action, ts);

CREATE TABLE orbital_nl_query_logs (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    user_id text NOT NULL,
    session_id text NOT NULL,
    query_text text NOT NULL,
    response_summary text,
    tool_calls_made jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tool_calls_made) = 'array'),
    safety_filter_triggered boolean NOT NULL DEFAULT false,
    token_count integer NOT NULL DEFAULT 0 CHECK (token_count >= 0),
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX orbital_nl_query_logs_by_user ON orbital_nl_query_logs (tenant_id, user_id, ts);
CREATE INDEX orbital_nl_query_logs_by_session ON orbital_nl_query_logs (tenant_id, session_id, ts);
CREATE INDEX orbital_nl_query_logs_filtered ON orbital_nl_query_logs (tenant_id, ts) WHERE safety_filter_triggered;

CREATE TABLE orbital_inference_logs (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    edge_node_id text NOT NULL,
    model_version text NOT NULL,
    input_hash text NOT NULL,
    output_hash text NOT NULL,
    physics_check_result text NOT NULL CHECK (physics_check_result IN ('PASS', 'FAIL', 'SKIP')),
    confidence_score real NOT NULL CHECK (confidence_score BETWEEN 0 AND 1),
    inference_latency_ms integer NOT NULL CHECK (inference_latency_ms >= 0),
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX orbital_inference_logs_by_node ON orbital_inference_logs (tenant_id, edge_node_id, model_version, ts);
CREATE INDEX orbital_inference_logs_by_result ON orbital_inference_logs (tenant_id, physics_check_result, ts);

CREATE TABLE orbital_physics_oracle (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    edge_node_id text NOT NULL,
    constraint_id text NOT NULL,
    check_result text NOT NULL CHECK (check_result IN ('PASS', 'FAIL')),
    latency_ms integer NOT NULL CHECK (latency_ms >= 0),
    error_state text NOT NULL DEFAULT 'NONE' CHECK (error_state <> '' AND error_state = upper(error_state)),
    input_hash text NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX orbital_physics_oracle_by_node ON orbital_physics_oracle (tenant_id, edge_node_id, ts);
CREATE INDEX orbital_physics_oracle_by_input ON orbital_physics_oracle (tenant_id, input_hash, ts);
CREATE INDEX orbital_physics_oracle_errors ON orbital_physics_oracle (tenant_id, ts) WHERE error_state <> 'NONE';

CREATE TABLE model_registry (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    user_id text NOT NULL,
    action text NOT NULL,
    model_name text NOT NULL,
    model_version text,
    model_hash text,
    stage text CHECK (stage = lower(stage)),
    approved_by text,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX model_registry_by_model ON model_registry (tenant_id, model_name, ts);
CREATE INDEX model_registry_by_stage ON model_registry (tenant_id, stage, ts);
CREATE INDEX model_registry_in_production ON model_registry (tenant_id, model_name, ts)
    WHERE stage = 'production' AND model_hash IS NOT NULL;
CREATE INDEX model_registry_by_hash ON model_registry (tenant_id, model_hash, ts);

-- NULL tests are not zero tests: the exporter did not say.
CREATE TABLE cicd_audit (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    pipeline_id text NOT NULL,
    trigger_type text NOT NULL,
    commit_hash text NOT NULL,
    dependency_changes text DEFAULT '',
    tests_passed integer CHECK (tests_passed >= 0),
    tests_failed integer CHECK (tests_failed >= 0),
    deployer text,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX cicd_audit_by_pipeline ON cicd_audit (tenant_id, pipeline_id, ts);

CREATE TABLE orbital_api_logs (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    caller_ip inet NOT NULL,
    caller_identity text NOT NULL,
    endpoint text NOT NULL,
    method text NOT NULL,
    response_code smallint NOT NULL CHECK (response_code >= 0),
    request_payload_size bigint NOT NULL DEFAULT 0 CHECK (request_payload_size >= 0),
    response_payload_size bigint NOT NULL DEFAULT 0 CHECK (response_payload_size >= 0),
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX orbital_api_logs_by_caller ON orbital_api_logs (tenant_id, caller_identity, ts);
CREATE INDEX orbital_api_logs_by_endpoint ON orbital_api_logs (tenant_id, endpoint, ts);

CREATE TABLE opcua_telemetry (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    edge_node_id text NOT NULL,
    sensor_count integer NOT NULL DEFAULT 0 CHECK (sensor_count >= 0),
    data_points_received integer NOT NULL DEFAULT 0 CHECK (data_points_received >= 0),
    connection_state text NOT NULL DEFAULT 'Connected',
    auth_method text,
    protocol_violations integer NOT NULL DEFAULT 0 CHECK (protocol_violations >= 0),
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX opcua_telemetry_by_node ON opcua_telemetry (tenant_id, edge_node_id, ts);
CREATE INDEX opcua_telemetry_violations ON opcua_telemetry (tenant_id, ts) WHERE protocol_violations > 0;

-- mtls_verified has no default: what a gateway does not say is not verified by silence.
CREATE TABLE partner_api_logs (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    partner_id text NOT NULL,
    partner_name text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    data_type text,
    payload_size bigint NOT NULL DEFAULT 0 CHECK (payload_size >= 0),
    response_code smallint NOT NULL CHECK (response_code >= 0),
    mtls_verified boolean NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX partner_api_logs_by_partner ON partner_api_logs (tenant_id, partner_id, ts);
CREATE INDEX partner_api_logs_unverified ON partner_api_logs (tenant_id, ts) WHERE NOT mtls_verified;

CREATE TABLE edge_node_telemetry (
    tenant_id text NOT NULL DEFAULT 'default',
    ts timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT telemetry_line(),
    edge_node_id text NOT NULL,
    model_weight_hash text NOT NULL,
    disk_integrity text CHECK (disk_integrity IN ('ok', 'failed', 'unavailable')),
    boot_attestation text CHECK (boot_attestation IN ('ok', 'failed', 'unavailable')),
    active_connections integer NOT NULL DEFAULT 0 CHECK (active_connections >= 0),
    cpu_utilisation real NOT NULL DEFAULT 0 CHECK (cpu_utilisation BETWEEN 0 AND 100),
    memory_utilisation real NOT NULL DEFAULT 0 CHECK (memory_utilisation BETWEEN 0 AND 100),
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, ts, id)
) PARTITION BY RANGE (ts);
CREATE INDEX edge_node_telemetry_by_node ON edge_node_telemetry (tenant_id, edge_node_id, ts);
CREATE INDEX edge_node_telemetry_by_hash ON edge_node_telemetry (tenant_id, model_weight_hash, ts);

-- The months of these tables are in a schema of their own, which nobody but the owner may use: whoever reads goes
-- through the table, whose policies bind.
CREATE SCHEMA telemetry_months;

CREATE FUNCTION telemetry_tables() RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY['databricks_audit', 'orbital_nl_query_logs', 'orbital_inference_logs', 'orbital_physics_oracle',
                 'model_registry', 'cicd_audit', 'orbital_api_logs', 'opcua_telemetry', 'partner_api_logs',
                 'edge_node_telemetry'];

-- Make room for rows from `first` to `last`. Attaching locks out neither readers nor writers. A clock that is wrong
-- must not fill the catalogue, so there is a most.
CREATE FUNCTION make_telemetry_months(first timestamptz, last timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
    AS $$
DECLARE
    month timestamptz;
    name text;
    partition text;
    made integer := 0;
BEGIN
    IF last > now() + interval '6 months' OR last > first + interval '36 months' THEN
        RAISE EXCEPTION 'no months from % to %: at most 36, and 6 ahead', first, last USING ERRCODE = 'check_violation';
    END IF;
    FOR month IN SELECT generate_series(date_trunc('month', first), date_trunc('month', last), '1 month') LOOP
        FOREACH name IN ARRAY telemetry_tables() LOOP
            partition := format('telemetry_months.%I', name || to_char(month, '_YYYYMM'));
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            PERFORM pg_advisory_xact_lock(hashtext('telemetry_months'));
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            EXECUTE format('CREATE TABLE %s (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, name);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                           name, partition, month, month + interval '1 month');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Drop the months that ended before `before`. Rules compare with the last 30 days, so those stay whatever is asked.
CREATE FUNCTION drop_telemetry_months(before timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
    AS $$
DECLARE
    month regclass;
    dropped integer := 0;
BEGIN
    FOR month IN
        SELECT c.oid::regclass FROM pg_class c
        WHERE c.relnamespace = 'telemetry_months'::regnamespace AND c.relkind = 'r'
            AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month'
                <= least(before, now() - interval '32 days')
    LOOP
        EXECUTE format('DROP TABLE %s', month);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- contracts: only what PUBLIC was gets by itself on new functions.
REVOKE EXECUTE ON FUNCTION make_telemetry_months, drop_telemetry_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_telemetry_months, drop_telemetry_months TO aluskort_app;
GRANT USAGE ON SEQUENCE telemetry_lines TO aluskort_app;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY telemetry_tables() LOOP
        PERFORM guard_table(name::regclass, 'SELECT, INSERT');
    END LOOP;
    PERFORM make_telemetry_months(now() - interval '1 month', now() + interval '2 months');
END
$$;
