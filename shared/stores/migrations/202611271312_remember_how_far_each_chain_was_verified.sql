-- depends: 0010_let_readers_see_their_tenants

-- What a migration does for each new table of tenants: row level security, what the application may do, and readers.
CREATE FUNCTION guard_table(name regclass, rights text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_scope ON %s USING (in_tenant_scope(tenant_id))', name);
    EXECUTE format('GRANT %s ON %s TO aluskort_app', rights, name);
    EXECUTE format('GRANT SELECT ON %s TO aluskort_reader', name);
    EXECUTE format('CREATE POLICY reader_scope ON %s AS RESTRICTIVE FOR SELECT TO aluskort_reader '
                   'USING (may_read(tenant_id))', name);
END
$$;

-- A pass over a whole chain is made in parts. verified_to is the highest record that any pass has seen: a chain that
-- ends before it was cut.
CREATE TABLE audit_verification_progress (
    tenant_id text PRIMARY KEY,
    next_sequence bigint NOT NULL DEFAULT 0,
    verified_to bigint NOT NULL DEFAULT -1,
    pass_ended_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);
DO $$ BEGIN PERFORM guard_table('audit_verification_progress', 'SELECT, INSERT, UPDATE'); END $$;

CREATE INDEX fp_patterns_by_name ON fp_patterns (tenant_id, lower(pattern->>'alert_name'))
    WHERE status IN ('approved', 'active');
