-- depends: 0001_create_the_app_role_and_the_tenant_scope

-- How far each table of each workspace was read and published, by the service's ingestion_time(). While more pages are
-- known to follow, next_at and next_skip say where the next one begins. Whoever reads on holds the row's lock.
-- A workspace that moves to another tenant starts anew there.
CREATE TABLE polled_tables (
    tenant_id text NOT NULL,
    workspace_id text NOT NULL,
    source_table text NOT NULL,
    read_until timestamptz NOT NULL,
    next_at timestamptz,
    next_skip integer NOT NULL DEFAULT 0 CHECK (next_skip >= 0),  -- rows of that very instant that were read
    page_rows integer NOT NULL CHECK (page_rows >= 1),
    paused_until timestamptz,  -- the service asked for it
    PRIMARY KEY (tenant_id, workspace_id, source_table)
);

-- Digests of the published rows of the overlap that every poll reads again.
CREATE TABLE polled_rows (
    tenant_id text NOT NULL,
    workspace_id text NOT NULL,
    source_table text NOT NULL,
    row_digest bytea NOT NULL CHECK (length(row_digest) = 32),
    ingested_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, workspace_id, source_table, row_digest)
);
CREATE INDEX polled_rows_by_age ON polled_rows (tenant_id, workspace_id, source_table, ingested_at);

-- Alerts that came without entities and are asked for again. An outcome ends the asking.
CREATE TABLE late_entities (
    tenant_id text NOT NULL,
    alert_id text NOT NULL,
    first_asked_at timestamptz NOT NULL DEFAULT now(),
    next_try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 1,
    outcome text CHECK (outcome IN ('found', 'refused', 'given_up')),
    PRIMARY KEY (tenant_id, alert_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['polled_tables', 'polled_rows', 'late_entities']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_scope ON %I USING (in_tenant_scope(tenant_id))', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON polled_tables TO aluskort_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON polled_rows, late_entities TO aluskort_app;
