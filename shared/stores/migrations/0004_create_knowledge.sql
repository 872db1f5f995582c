-- depends: 0001_create_the_app_role_and_the_tenant_scope

CREATE TABLE threat_intel_iocs (
    indicator_type text NOT NULL,
    indicator_value text NOT NULL,
    confidence integer NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    severity text NOT NULL,
    campaigns text[] NOT NULL DEFAULT '{}',
    sources text[] NOT NULL,
    context text NOT NULL DEFAULT '',
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (indicator_type, indicator_value)
);

CREATE TABLE incident_memory (
    doc_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    investigation_id text NOT NULL,
    alert_name text NOT NULL,
    alert_product text NOT NULL,
    severity text NOT NULL,
    final_classification text NOT NULL,
    outcome text NOT NULL,
    mitre_techniques text[] NOT NULL DEFAULT '{}',
    summary text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX incident_memory_newest ON incident_memory (tenant_id, happened_at DESC);

-- What behaviour analytics says of an entity. investigation_priority is Sentinel's, 0 to 10.
CREATE TABLE risk_signals (
    tenant_id text NOT NULL,
    entity_id text NOT NULL,
    investigation_priority double precision,
    source text NOT NULL,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, entity_id, source)
);

CREATE TABLE fp_patterns (
    pattern_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    status text NOT NULL CHECK (status IN (
        'pending_review', 'shadow', 'approved', 'active', 'deprecated', 'expired', 'revoked')),
    approved_by_1 text,
    approved_by_2 text,
    expires_at timestamptz,
    pattern jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Two different people stand behind every pattern that may close an alert.
    CHECK (status NOT IN ('approved', 'active')
           OR (approved_by_1 IS NOT NULL AND approved_by_2 IS NOT NULL AND approved_by_1 <> approved_by_2))
);
CREATE INDEX fp_patterns_in_force ON fp_patterns (tenant_id) WHERE status IN ('approved', 'active');

CREATE TABLE kill_switches (
    tenant_id text NOT NULL,
    dimension text NOT NULL CHECK (dimension IN ('tenant', 'pattern', 'technique', 'datasource')),
    value text NOT NULL,
    activated_by text NOT NULL,
    reason text NOT NULL,
    activated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, dimension, value)
);

CREATE TABLE playbooks (
    playbook_id text PRIMARY KEY,
    title text NOT NULL,
    alert_products text[] NOT NULL DEFAULT '{}',
    tactics text[] NOT NULL DEFAULT '{}',
    mitre_techniques text[] NOT NULL DEFAULT '{}',
    severities text[] NOT NULL DEFAULT '{}',
    actions text[] NOT NULL,
    review_status text NOT NULL DEFAULT 'draft' CHECK (review_status IN ('draft', 'approved', 'retired')),
    approved_by text,
    CHECK (review_status <> 'approved' OR approved_by IS NOT NULL)
);

CREATE TABLE ctem_exposures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    exposure_key text NOT NULL,
    asset_id text NOT NULL,
    asset_zone text NOT NULL DEFAULT '',
    severity text NOT NULL,
    status text NOT NULL,
    ctem_score double precision NOT NULL,
    source_tool text NOT NULL,
    exposure jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, exposure_key)
);
CREATE INDEX ctem_exposures_by_asset ON ctem_exposures (tenant_id, asset_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['incident_memory', 'risk_signals', 'fp_patterns', 'kill_switches', 'ctem_exposures']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_scope ON %I USING (in_tenant_scope(tenant_id))', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON threat_intel_iocs, incident_memory, risk_signals, fp_patterns, ctem_exposures TO aluskort_app;
GRANT SELECT ON playbooks TO aluskort_app;
GRANT SELECT, INSERT, DELETE ON kill_switches TO aluskort_app;
