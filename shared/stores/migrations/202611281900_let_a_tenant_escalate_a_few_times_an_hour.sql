-- depends: 202611281640_keep_what_a_source_says_of_its_incident_and_forget_old_traces

-- The cases of a tenant that asked the stronger model within the last hour, each with the time in seconds since 1970.
CREATE TABLE escalation_budgets (
    tenant_id text PRIMARY KEY,
    taken jsonb NOT NULL
);
DO $$ BEGIN PERFORM guard_table('escalation_budgets', 'SELECT, INSERT, UPDATE'); END $$;
