-- depends: 202611271312_remember_how_far_each_chain_was_verified

-- NULL: this playbook never acts unless a person grants it.
ALTER TABLE playbooks ADD COLUMN conditions jsonb;
