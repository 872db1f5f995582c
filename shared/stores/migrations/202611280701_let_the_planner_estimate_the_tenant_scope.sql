-- depends: 202611271312_remember_how_far_each_chain_was_verified

-- The same rows as before. Every statement names its tenant besides, and of what it names this keeps all; the planner
-- believed one row in 200 and so gathered and sorted a tenant's whole history for a page of it. Of a CASE it expects
-- every second row, which is near enough.
CREATE OR REPLACE FUNCTION in_tenant_scope(tenant text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT CASE current_setting('aluskort.tenant', true)
        WHEN '*' THEN true
        ELSE tenant = current_setting('aluskort.tenant', true)
    END $$;
