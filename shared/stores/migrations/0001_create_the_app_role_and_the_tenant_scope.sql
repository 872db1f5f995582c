-- The application connects as aluskort_app: it owns nothing, so row level security binds it.
-- Its password or Entra principal is given by whoever deploys; here it may not even log in.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aluskort_app') THEN
        CREATE ROLE aluskort_app NOLOGIN;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO aluskort_app;

-- True for rows of the transaction's tenant; '*' is the scope of relays and sweeps. Unset means: no row at all.
CREATE FUNCTION in_tenant_scope(tenant text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('aluskort.tenant', true) IN (tenant, '*') $$;
