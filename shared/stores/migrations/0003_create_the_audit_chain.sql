-- depends: 0001_create_the_app_role_and_the_tenant_scope

-- Where each tenant's chain ends. Its row lock makes every append of a tenant wait its turn.
CREATE TABLE audit_chain_state (
    tenant_id text PRIMARY KEY CHECK (tenant_id <> '*'),
    last_sequence bigint NOT NULL DEFAULT -1,  -- -1: not even the genesis record is there
    last_hash text NOT NULL DEFAULT repeat('0', 64),
    last_timestamp timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- `canonical` is what was hashed, to the byte. The other columns are read from it for searching.
CREATE TABLE audit_records (
    tenant_id text NOT NULL CHECK (tenant_id <> '*'),
    sequence_number bigint NOT NULL CHECK (sequence_number >= 0),
    audit_id text NOT NULL,
    previous_hash text NOT NULL,
    record_hash text NOT NULL,
    occurred_at timestamptz NOT NULL,
    ingested_at timestamptz NOT NULL,
    event_type text NOT NULL,
    event_category text NOT NULL,
    severity text NOT NULL,
    actor_type text NOT NULL,
    actor_id text NOT NULL,
    investigation_id text NOT NULL,
    alert_id text NOT NULL,
    context jsonb NOT NULL,
    decision jsonb NOT NULL,
    outcome jsonb NOT NULL,
    canonical text NOT NULL,
    PRIMARY KEY (tenant_id, sequence_number),
    UNIQUE (tenant_id, audit_id)
);
CREATE INDEX audit_records_by_time ON audit_records (tenant_id, occurred_at DESC);
CREATE INDEX audit_records_by_type ON audit_records (tenant_id, event_type, sequence_number DESC);
CREATE INDEX audit_records_by_actor ON audit_records (tenant_id, actor_id, sequence_number DESC);
CREATE INDEX audit_records_by_investigation ON audit_records (tenant_id, investigation_id, sequence_number)
    WHERE investigation_id <> '';

CREATE FUNCTION audit_immutable_guard() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'audit records are append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Record what happened since as a new event.';
END
$$;
CREATE TRIGGER audit_immutable_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION audit_immutable_guard();

CREATE TABLE audit_verification_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    verified_at timestamptz NOT NULL DEFAULT now(),
    verification_type text NOT NULL CHECK (verification_type IN ('on_demand', 'continuous', 'daily_full')),
    records_checked bigint NOT NULL,
    from_sequence bigint NOT NULL,
    to_sequence bigint NOT NULL,
    chain_valid boolean NOT NULL,
    errors jsonb NOT NULL,
    duration_ms double precision NOT NULL
);
CREATE INDEX audit_verification_log_newest ON audit_verification_log (tenant_id, verified_at DESC);

-- Messages of audit.events that are no audit events, kept whole. Redelivery finds the same digest.
CREATE TABLE audit_rejected (
    original_sha256 text PRIMARY KEY,
    original bytea NOT NULL,
    error_type text NOT NULL,
    reason text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_chain_state', 'audit_records', 'audit_verification_log']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_scope ON %I USING (in_tenant_scope(tenant_id))', name);
    END LOOP;
END
$$;

-- A rejected message may belong to anyone, so no tenant sees it: only the scope of sweeps does.
ALTER TABLE audit_rejected ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_scope ON audit_rejected USING (in_tenant_scope('*'));

GRANT SELECT, INSERT, UPDATE ON audit_chain_state TO aluskort_app;
GRANT SELECT, INSERT ON audit_records, audit_verification_log, audit_rejected TO aluskort_app;
