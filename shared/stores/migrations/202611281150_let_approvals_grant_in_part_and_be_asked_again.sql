-- depends: 202611280730_let_playbooks_say_when_they_may_act_alone

SET LOCAL lock_timeout = '5s';

-- `actions` are what is asked, and once granted exactly what was granted; the rest is then in `denied_actions`.
-- `notices` names the notices of this approval that went out, each at most once.
ALTER TABLE action_approvals
    ADD COLUMN denied_actions jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN protected jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN requested_by text NOT NULL DEFAULT '',
    ADD COLUMN first_granted_by text,
    ADD COLUMN first_granted_hash text,
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN notices text[] NOT NULL DEFAULT '{}',
-- contracts: the check that follows allows all that this one did.
    DROP CONSTRAINT action_approvals_status_check,
    ADD CONSTRAINT action_approvals_status_check CHECK (status IN (
        'pending', 'granted', 'partly_granted', 'denied', 'timed_out', 'superseded', 'disposed')),
    ADD CONSTRAINT action_approvals_answered_by_somebody CHECK (
        status NOT IN ('partly_granted', 'disposed') OR decided_by IS NOT NULL),
-- An older release knows no second person, and neither rule may depend on who runs.
    ADD CONSTRAINT action_approvals_by_two_persons CHECK (
        status <> 'granted' OR protected = '{}' OR coalesce(first_granted_by <> decided_by, false)),
    ADD CONSTRAINT action_approvals_not_by_who_asked CHECK (
        status NOT IN ('granted', 'partly_granted') OR requested_by <> decided_by);

-- What people made of cases with nothing to approve. A later row of a case replaces what an earlier one said.
CREATE TABLE dispositions (
    disposition_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    investigation_id text NOT NULL REFERENCES investigation_state,
    approval_id text NOT NULL DEFAULT '',
    disposition text NOT NULL,
    reason text NOT NULL,
    comment text NOT NULL DEFAULT '',
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dispositions_by_investigation ON dispositions (tenant_id, investigation_id, decided_at);
DO $$ BEGIN PERFORM guard_table('dispositions', 'SELECT, INSERT'); END $$;
