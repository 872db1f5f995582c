-- depends: 202611281640_keep_what_a_source_says_of_its_incident_and_forget_old_traces

SET LOCAL lock_timeout = '5s';

-- A draft is made of one tenant's cases and is that tenant's; an approved one becomes a row of playbooks, which all share.
CREATE TABLE playbook_drafts (
    playbook_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    draft jsonb NOT NULL,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'draft') = (decided_by IS NULL))
);
CREATE INDEX playbook_drafts_to_review ON playbook_drafts (tenant_id, created_at) WHERE status = 'draft';

-- What each version of a playbook said, and who stored it.
CREATE TABLE playbook_versions (
    playbook_id text NOT NULL,
    version integer NOT NULL,
    playbook jsonb NOT NULL,
    stored_by text,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (playbook_id, version)
);
GRANT SELECT, INSERT ON playbook_versions TO aluskort_app;
GRANT SELECT ON playbook_versions TO aluskort_reader;

DO $$ BEGIN PERFORM guard_table('playbook_drafts', 'SELECT, INSERT, UPDATE'); END $$;
