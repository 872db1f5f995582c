-- depends: 202611280730_let_playbooks_say_when_they_may_act_alone

-- One that was merged stays as a pointer: cases and audit records name it. A person's split keeps rules from joining
-- again what stands in apart_from.
CREATE TABLE incidents (
    incident_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    title text NOT NULL,
    source text NOT NULL DEFAULT '',
    source_incident text,
    merged_into text REFERENCES incidents,
    apart_from text[] NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (tenant_id, source, source_incident),
    CHECK (merged_into <> incident_id)
);
CREATE INDEX incidents_newest ON incidents (tenant_id, opened_at DESC, incident_id DESC) WHERE merged_into IS NULL;

-- An alert is in one incident. Its investigation writes what it has come to.
CREATE TABLE incident_alerts (
    tenant_id text NOT NULL,
    alert_id text NOT NULL,
    incident_id text NOT NULL REFERENCES incidents,
    investigation_id text NOT NULL,
    source text NOT NULL,
    title text NOT NULL,
    severity text NOT NULL,
    product text NOT NULL,
    tactics text[] NOT NULL,
    techniques text[] NOT NULL,
    principals text[] NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    linked_by text NOT NULL CHECK (linked_by IN ('rule', 'source', 'person')),
    reason text NOT NULL,
    linked_to text[] NOT NULL DEFAULT '{}',
    decided boolean NOT NULL DEFAULT false,
    classification text NOT NULL DEFAULT '',
    confidence double precision NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, alert_id)
);
CREATE INDEX incident_alerts_of_incident ON incident_alerts (tenant_id, incident_id);

-- What an alert may share with others, found by value and time.
CREATE TABLE incident_traces (
    tenant_id text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    alert_id text NOT NULL,
    began_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, alert_id, kind, value)
);
CREATE INDEX incident_traces_by_value ON incident_traces (tenant_id, kind, value, began_at);

-- Alerts that a source has put into an incident before they came themselves.
CREATE TABLE incident_expected_alerts (
    tenant_id text NOT NULL,
    alert_id text NOT NULL,
    incident_id text NOT NULL REFERENCES incidents,
    PRIMARY KEY (tenant_id, alert_id)
);
CREATE INDEX incident_expected_alerts_of_incident ON incident_expected_alerts (tenant_id, incident_id);

DO $$
BEGIN
    PERFORM guard_table('incidents', 'SELECT, INSERT, UPDATE');
    PERFORM guard_table('incident_alerts', 'SELECT, INSERT, UPDATE');
    PERFORM guard_table('incident_traces', 'SELECT, INSERT');
    PERFORM guard_table('incident_expected_alerts', 'SELECT, INSERT, UPDATE, DELETE');
END
$$;
