-- depends: 202611281345_notice_cases_that_make_no_step

SET LOCAL lock_timeout = '5s';

-- Playbooks and indicators belong to all tenants. Only the API writes them, for the administrators of one tenant, which
-- ALUSKORT_OPERATOR_TENANT names.
GRANT INSERT, UPDATE ON playbooks TO aluskort_app;
GRANT DELETE ON threat_intel_iocs TO aluskort_app;

-- People list a tenant's patterns by their ids, in whatever status.
CREATE INDEX fp_patterns_by_id ON fp_patterns (tenant_id, pattern_id);
