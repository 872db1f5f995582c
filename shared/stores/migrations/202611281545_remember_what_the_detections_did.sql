-- depends: 202611281530_create_telemetry_tables

-- What fired lately: the same thing seen by the next overlapping window is not another alert.
CREATE TABLE atlas_alert_state (
    tenant_id text NOT NULL,
    dedupe_key text NOT NULL,
    rule_id text NOT NULL,
    signal text NOT NULL,
    entity text NOT NULL,
    bucket_start timestamptz NOT NULL,
    first_fired_at timestamptz NOT NULL,
    first_alert_id text NOT NULL,
    fire_count integer NOT NULL DEFAULT 1,
    max_confidence double precision NOT NULL,
    max_severity text NOT NULL,
    triggers text[] NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, dedupe_key)
);
CREATE INDEX atlas_alert_state_by_rule ON atlas_alert_state (tenant_id, rule_id, entity, first_fired_at);
CREATE INDEX atlas_alert_state_old ON atlas_alert_state (first_fired_at);

-- How far each rule has looked, so that what a stopped host missed is looked at once, and since when it fails.
CREATE TABLE atlas_rule_runs (
    tenant_id text NOT NULL,
    rule_id text NOT NULL,
    ran_until timestamptz,
    failing_since timestamptz,
    last_error text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, rule_id)
);

-- A tenant's own thresholds. Every version stays, so a result can name the one that it was made with.
CREATE TABLE atlas_tunings (
    tenant_id text NOT NULL,
    rule_id text NOT NULL,
    version integer NOT NULL,
    thresholds jsonb NOT NULL,
    silent_signals text[] NOT NULL DEFAULT '{}',
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, rule_id, version)
);

DO $$
BEGIN
    PERFORM guard_table('atlas_alert_state', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM guard_table('atlas_rule_runs', 'SELECT, INSERT, UPDATE');
    PERFORM guard_table('atlas_tunings', 'SELECT, INSERT');
END
$$;

-- Whose telemetry or alerts there are since a moment. As the owner, because behind row level security no index serves
-- `>` on a text, and with one each step reads one row a tenant; so it answers only who may see every tenant anyway.
CREATE FUNCTION tenants_to_watch(since timestamptz) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
DECLARE
    name text;
    moment text;
BEGIN
    IF current_setting('aluskort.tenant', true) IS DISTINCT FROM '*' THEN
        RETURN;
    END IF;
    FOREACH name IN ARRAY telemetry_tables() || ARRAY['investigation_state'] LOOP
        moment := CASE name WHEN 'investigation_state' THEN 'created_at' ELSE 'ts' END;
        RETURN QUERY EXECUTE format(
            'WITH RECURSIVE found AS (
                (SELECT tenant_id FROM %1$I WHERE %2$I >= $1 ORDER BY tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT tenant_id FROM %1$I AS later WHERE later.tenant_id > found.tenant_id AND %2$I >= $1
                    ORDER BY tenant_id LIMIT 1)
                FROM found WHERE found.tenant_id IS NOT NULL)
            SELECT tenant_id FROM found WHERE tenant_id IS NOT NULL', name, moment) USING since;
    END LOOP;
END
$$;
-- contracts: only what PUBLIC gets by itself on a new function.
REVOKE EXECUTE ON FUNCTION tenants_to_watch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_to_watch TO aluskort_app;
