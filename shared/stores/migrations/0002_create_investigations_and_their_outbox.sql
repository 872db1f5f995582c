-- depends: 0001_create_the_app_role_and_the_tenant_scope

CREATE TABLE investigation_state (
    investigation_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    alert_id text NOT NULL,
    source text NOT NULL,
    alert_title text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'received', 'parsing', 'enriching', 'reasoning', 'awaiting_human', 'responding', 'closed', 'failed')),
    graph_state jsonb NOT NULL,
    alert jsonb NOT NULL,
    confidence double precision NOT NULL DEFAULT 0,
    llm_calls integer NOT NULL DEFAULT 0,
    total_cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, alert_id)
);
CREATE INDEX investigation_state_newest ON investigation_state (tenant_id, created_at DESC);
CREATE INDEX investigation_state_open ON investigation_state (tenant_id, state) WHERE state NOT IN ('closed', 'failed');

-- A transition happens once: one row per (investigation, step).
CREATE TABLE investigation_transitions (
    investigation_id text NOT NULL REFERENCES investigation_state,
    tenant_id text NOT NULL,
    step text NOT NULL,
    version integer NOT NULL,
    state_before text NOT NULL,
    state_after text NOT NULL,
    agent text NOT NULL,
    reasoning text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (investigation_id, step),
    UNIQUE (investigation_id, version)
);

-- What a step found, kept before the step is reported done: repeating it costs nothing and pays no model twice.
CREATE TABLE investigation_findings (
    investigation_id text NOT NULL REFERENCES investigation_state,
    tenant_id text NOT NULL,
    step text NOT NULL,
    attempt integer NOT NULL DEFAULT 1,
    finding jsonb NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (investigation_id, step, attempt)
);

-- Messages written with the state change that they report; relayed after commit, swept by a timer.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    investigation_id text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_by_investigation ON outbox (investigation_id, id);

CREATE TABLE action_approvals (
    approval_id text PRIMARY KEY,
    investigation_id text NOT NULL REFERENCES investigation_state,
    tenant_id text NOT NULL,
    actions jsonb NOT NULL,
    actions_hash text NOT NULL,
    reason text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'granted', 'denied', 'timed_out')),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    comment text NOT NULL DEFAULT '',
    CHECK ((status = 'pending') = (decided_at IS NULL)),
    CHECK (status NOT IN ('granted', 'denied') OR decided_by IS NOT NULL)
);
CREATE INDEX action_approvals_waiting ON action_approvals (tenant_id, expires_at) WHERE status = 'pending';
CREATE INDEX action_approvals_by_investigation ON action_approvals (investigation_id);

-- An action runs once: its id is derived from the investigation and its place in the list.
CREATE TABLE executed_actions (
    action_id text PRIMARY KEY,
    investigation_id text NOT NULL REFERENCES investigation_state,
    tenant_id text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    status text NOT NULL CHECK (status IN ('dry_run', 'refused')),
    detail text NOT NULL,
    approved_by text NOT NULL,
    executed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX executed_actions_by_investigation ON executed_actions (investigation_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['investigation_state', 'investigation_transitions', 'investigation_findings',
                                'outbox', 'action_approvals', 'executed_actions']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_scope ON %I USING (in_tenant_scope(tenant_id))', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON investigation_state, action_approvals TO aluskort_app;
GRANT SELECT, INSERT ON investigation_transitions, investigation_findings, executed_actions TO aluskort_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO aluskort_app;
