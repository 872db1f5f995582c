-- depends: 202611280730_let_playbooks_say_when_they_may_act_alone

-- contracts: the constraint that follows allows whatever this one does.
ALTER TABLE executed_actions DROP CONSTRAINT executed_actions_status_check;
ALTER TABLE executed_actions
    ADD COLUMN alert_id text NOT NULL DEFAULT '',
    ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN subject jsonb NOT NULL DEFAULT '{}',  -- what the product calls the target, and how it stood before
    ADD COLUMN undoes text,  -- the action that this one undoes
    ADD COLUMN undo_at timestamptz,  -- when it undoes itself
    ADD COLUMN next_try_at timestamptz,  -- NULL when there is nothing left to do
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT executed_actions_known_status CHECK (status IN ('dry_run', 'refused', 'pending', 'running', 'executed',
        'verified', 'failed', 'needs_person', 'undone')),
    ADD CONSTRAINT executed_actions_final CHECK (next_try_at IS NULL OR status IN ('pending', 'running'));
CREATE INDEX executed_actions_due ON executed_actions (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX executed_actions_to_undo ON executed_actions (undo_at) WHERE undo_at IS NOT NULL;
GRANT UPDATE (status, detail, approved_by, subject, undo_at, next_try_at, attempts, executed_at, updated_at)
    ON executed_actions TO aluskort_app;

-- What a person chose for a playbook's actions, such as the hours of an isolation.
ALTER TABLE playbooks ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}';
