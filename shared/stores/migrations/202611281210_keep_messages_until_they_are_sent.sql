-- depends: 202611281150_let_approvals_grant_in_part_and_be_asked_again

CREATE TABLE notifications (
    notification_id text PRIMARY KEY,
    tenant_id text NOT NULL,
    channel text NOT NULL,
    notice jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notifications_due ON notifications (due_at);
DO $$ BEGIN PERFORM guard_table('notifications', 'SELECT, INSERT, UPDATE, DELETE'); END $$;
