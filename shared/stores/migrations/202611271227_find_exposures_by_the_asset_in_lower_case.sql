-- depends: 0010_let_readers_see_their_tenants

CREATE INDEX ctem_exposures_of_assets ON ctem_exposures (tenant_id, lower(asset_id))
    WHERE status NOT IN ('Verified', 'Closed');
CREATE INDEX incident_memory_by_alert ON incident_memory (tenant_id, alert_name);

-- The sweeps for every tenant: answers that wait for their case, and questions that wait for an answer.
CREATE INDEX action_approvals_decided ON action_approvals (decided_at)
    WHERE status IN ('granted', 'denied', 'timed_out');
