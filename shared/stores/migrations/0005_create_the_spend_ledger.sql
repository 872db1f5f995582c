-- depends: 0001_create_the_app_role_and_the_tenant_scope

-- One row a month (UTC) for the whole installation: what was spent plus what calls under way may still cost.
-- The limit is checked in the same statement that adds to it, so no race can pass it.
CREATE TABLE spend_months (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    committed_usd numeric(14, 6) NOT NULL CHECK (committed_usd >= 0),
    soft_limit_reported_at timestamptz
);

-- One row a call. An unsettled row is a call under way, or one whose outcome nobody knows: it counts in full.
CREATE TABLE spend_ledger (
    call_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    month date NOT NULL REFERENCES spend_months,
    task_type text NOT NULL,
    model_tier text NOT NULL,
    reserved_usd numeric(14, 6) NOT NULL CHECK (reserved_usd >= 0),
    settled_usd numeric(14, 6) CHECK (settled_usd >= 0),
    reserved_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((settled_usd IS NULL) = (settled_at IS NULL))
);
CREATE INDEX spend_ledger_by_month ON spend_ledger (month, tenant_id);

ALTER TABLE spend_ledger ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_scope ON spend_ledger USING (in_tenant_scope(tenant_id));

GRANT SELECT, INSERT, UPDATE ON spend_months, spend_ledger TO aluskort_app;
