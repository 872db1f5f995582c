-- depends: 0002_create_investigations_and_their_outbox

SET LOCAL lock_timeout = '5s';

-- Each step is made once a round.
ALTER TABLE investigation_transitions
    ADD COLUMN round integer NOT NULL DEFAULT 1,
-- contracts: the wider key that follows holds for an older version too, whose rows are all of round 1.
    DROP CONSTRAINT investigation_transitions_pkey,
    ADD PRIMARY KEY (investigation_id, step, round);
ALTER TABLE investigation_findings
    ADD COLUMN round integer NOT NULL DEFAULT 1,
-- contracts: as above, the wider key follows.
    DROP CONSTRAINT investigation_findings_pkey,
    ADD PRIMARY KEY (investigation_id, step, attempt, round);

ALTER TABLE action_approvals
-- contracts: the check that follows allows all that this one did.
    DROP CONSTRAINT action_approvals_status_check,
    ADD CONSTRAINT action_approvals_status_check
        CHECK (status IN ('pending', 'granted', 'denied', 'timed_out', 'superseded'));

-- What later messages said of an alert that was open already. The same message again finds its digest.
CREATE TABLE alert_updates (
    investigation_id text NOT NULL REFERENCES investigation_state,
    tenant_id text NOT NULL,
    digest text NOT NULL,
    changed text[] NOT NULL,
    alert jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (investigation_id, digest)
);
ALTER TABLE alert_updates ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_scope ON alert_updates USING (in_tenant_scope(tenant_id));
GRANT SELECT, INSERT ON alert_updates TO aluskort_app;

-- Alerts whose entities are still to come.
CREATE INDEX investigation_state_without_entities ON investigation_state (tenant_id, created_at)
    WHERE alert->'flags' ? 'entities_missing';
