-- depends: 202611281605_queue_questions_that_may_wait_and_batch_them

SET LOCAL lock_timeout = '5s';

-- What people made of the alerts of one rule is what patterns and playbooks are drafted from.
CREATE INDEX investigation_state_newest_by_rule ON investigation_state (tenant_id, alert_title, created_at DESC);

-- Drafts of patterns that wait for people.
CREATE INDEX fp_patterns_to_review ON fp_patterns (tenant_id, created_at) WHERE status = 'pending_review';
