-- name: add_version
INSERT INTO atlas_tunings (tenant_id, rule_id, version, thresholds, silent_signals, reason, changed_by)
SELECT %(tenant_id)s, %(rule_id)s, coalesce(max(version), 0) + 1, %(thresholds)s, %(silent)s, %(reason)s, %(changed_by)s
FROM atlas_tunings WHERE tenant_id = %(tenant_id)s AND rule_id = %(rule_id)s
RETURNING version
