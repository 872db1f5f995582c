-- depends: 0003_create_the_audit_chain

-- Only the ledger's own transaction takes this role on (SET LOCAL ROLE): no other query of the application can write
-- the chain, whoever makes it run. It may read and write nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aluskort_audit') THEN
        CREATE ROLE aluskort_audit NOLOGIN;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO aluskort_audit;
GRANT SELECT, INSERT ON audit_records TO aluskort_audit;
GRANT SELECT, INSERT, UPDATE ON audit_chain_state TO aluskort_audit;
GRANT aluskort_audit TO aluskort_app WITH INHERIT FALSE, SET TRUE;

-- contracts: while an older version still runs, its appends are refused and delivered again until this one takes them.
REVOKE INSERT ON audit_records FROM aluskort_app;
-- contracts: the head of a chain moves with its records only, so this waits for the same version.
REVOKE INSERT, UPDATE ON audit_chain_state FROM aluskort_app;
