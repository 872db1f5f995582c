-- depends: 202611281345_notice_cases_that_make_no_step

SET LOCAL lock_timeout = '5s';

-- Few among all cases, and asked for again and again while somebody decides whether a rule may go live.
CREATE INDEX investigation_state_in_shadow ON investigation_state (tenant_id, created_at)
    WHERE graph_state #>> '{case_facts,shadow}' IS NOT NULL;
