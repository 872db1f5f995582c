-- depends: 202611281330_let_tenants_and_rules_be_in_shadow_mode

SET LOCAL lock_timeout = '5s';

-- Since when a timer has found that a case at work makes no step; its next transition clears it.
ALTER TABLE investigation_state ADD COLUMN stuck_since timestamptz;

-- Cases at work are few; those that wait for a person are found by their approvals.
CREATE INDEX investigation_state_at_work ON investigation_state (updated_at)
    WHERE state IN ('received', 'parsing', 'enriching', 'reasoning', 'responding');
