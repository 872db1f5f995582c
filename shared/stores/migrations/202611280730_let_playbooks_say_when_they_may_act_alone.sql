-- depends: 202611280703_keep_the_head_that_each_check_of_a_chain_saw

-- NULL: this playbook never acts unless a person grants it.
ALTER TABLE playbooks ADD COLUMN conditions jsonb;
