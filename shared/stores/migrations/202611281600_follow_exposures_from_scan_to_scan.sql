-- depends: 202611281345_notice_cases_that_make_no_step

-- The life of an exposure: when scans saw it, until when it is to be repaired, and what people decided about it.
-- digest is of what matters about it; NULL for a row of the release before, which its next scan counts as changed.
ALTER TABLE ctem_exposures
    ADD COLUMN asset_name text NOT NULL DEFAULT '',
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN digest bytea,
    ADD COLUMN scope text NOT NULL DEFAULT '',
    ADD COLUMN first_seen timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_seen timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN occurrences bigint NOT NULL DEFAULT 1,
    ADD COLUMN clock_started_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN sla_deadline timestamptz,
    ADD COLUMN sla_breached_at timestamptz,
    ADD COLUMN resolved_at timestamptz,
    ADD COLUMN reopened int NOT NULL DEFAULT 0,
    ADD COLUMN assigned_to text NOT NULL DEFAULT '',
    ADD COLUMN accepted_until timestamptz,
    ADD COLUMN accepted_by text,
    ADD COLUMN accepted_reason text,
    ADD COLUMN asset_name_key text GENERATED ALWAYS AS (lower(asset_name)) STORED,
    ADD CONSTRAINT ctem_exposures_accepted_by_someone_for_a_reason CHECK (
        accepted_until IS NULL OR (accepted_by IS NOT NULL AND accepted_reason IS NOT NULL));

-- contracts: nothing has asked by it since assets are found by asset_key.
DROP INDEX ctem_exposures_by_asset;
CREATE INDEX ctem_exposures_open_by_name ON ctem_exposures (tenant_id, asset_name_key)
    WHERE status NOT IN ('Verified', 'Closed') AND asset_name_key <> '';
CREATE INDEX ctem_exposures_worst ON ctem_exposures (tenant_id, ctem_score DESC, exposure_key DESC);
CREATE INDEX ctem_exposures_of_scope ON ctem_exposures (tenant_id, source_tool, scope, last_seen)
    WHERE status NOT IN ('Verified', 'Closed') AND scope <> '';
-- The timer asks for every tenant.
CREATE INDEX ctem_exposures_due ON ctem_exposures (sla_deadline)
    WHERE status NOT IN ('Verified', 'Closed') AND sla_breached_at IS NULL;
