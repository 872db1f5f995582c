-- depends: 202611280701_let_the_planner_estimate_the_tenant_scope

-- Behind row level security an index serves only comparisons that cannot leak: = on a column, but neither lower() nor
-- ->>. So what is searched for is a column.
ALTER TABLE ctem_exposures ADD COLUMN asset_key text GENERATED ALWAYS AS (lower(asset_id)) STORED;
CREATE INDEX ctem_exposures_open_by_key ON ctem_exposures (tenant_id, asset_key)
    WHERE status NOT IN ('Verified', 'Closed');
-- contracts: no plan behind row level security could use more of it than its tenant_id, which other indexes have.
DROP INDEX ctem_exposures_of_assets;

-- Empty for a pattern with an expression for the name: it may fit any.
ALTER TABLE fp_patterns ADD COLUMN alert_name_key text GENERATED ALWAYS AS (
    CASE WHEN coalesce(pattern->>'alert_name_regex', '') = '' THEN lower(pattern->>'alert_name') ELSE '' END) STORED;
CREATE INDEX fp_patterns_in_force_by_key ON fp_patterns (tenant_id, alert_name_key)
    WHERE status IN ('approved', 'active');
-- contracts: no plan behind row level security could use more of it than its tenant_id, which other indexes have.
DROP INDEX fp_patterns_by_name;

CREATE INDEX incident_memory_newest_by_alert ON incident_memory (tenant_id, alert_name, happened_at DESC);
-- contracts: the one before begins with the same columns.
DROP INDEX incident_memory_by_alert;

CREATE INDEX threat_intel_iocs_by_value ON threat_intel_iocs (indicator_value);
