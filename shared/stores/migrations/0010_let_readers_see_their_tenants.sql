-- depends: 0009_let_only_the_audit_writer_append_records

-- Auditors and reporting tools: read only. They write their own SQL, so the scope that they set binds them no further
-- than to the tenants that the owner gave their login here; '*' stands for every tenant.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aluskort_reader') THEN
        CREATE ROLE aluskort_reader NOLOGIN;
    END IF;
END
$$;

CREATE TABLE reader_tenants (
    login name NOT NULL,
    tenant_id text NOT NULL,
    PRIMARY KEY (login, tenant_id)
);
ALTER TABLE reader_tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON reader_tenants USING (login = session_user);

CREATE FUNCTION may_read(tenant text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM reader_tenants WHERE login = session_user AND tenant_id IN (tenant, '*')) $$;

GRANT USAGE ON SCHEMA public TO aluskort_reader;
GRANT SELECT ON reader_tenants TO aluskort_reader;

-- Lets readers at every table that the application reads, but for the raw messages that may belong to anyone.
-- A migration that makes a table performs it again at its end.
CREATE FUNCTION admit_readers() RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    named record;
BEGIN
    FOR named IN
        SELECT c.oid::regclass AS name, c.relrowsecurity AS guarded FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'audit_rejected'
            AND has_table_privilege('aluskort_app', c.oid, 'SELECT')
            AND NOT has_table_privilege('aluskort_reader', c.oid, 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO aluskort_reader', named.name);
        IF named.guarded THEN
            EXECUTE format('CREATE POLICY reader_scope ON %s AS RESTRICTIVE FOR SELECT TO aluskort_reader '
                           'USING (may_read(tenant_id))', named.name);
        END IF;
    END LOOP;
END
$$;
DO $$ BEGIN PERFORM admit_readers(); END $$;
