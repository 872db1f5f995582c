-- depends: 202611281640_keep_what_a_source_says_of_its_incident_and_forget_old_traces

SET LOCAL lock_timeout = '5s';

-- The same transitions. PostgreSQL reads this function anew for each statement that changes a case, for its trigger and
-- for its constraint, and a list of 24 pairs of comparisons took it a fifth of the whole transition.
CREATE OR REPLACE FUNCTION is_transition(state_before text, state_after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN state_before || '>' || state_after = ANY ('{
        received>received, received>parsing, received>failed,
        parsing>received, parsing>enriching, parsing>closed, parsing>failed,
        enriching>received, enriching>reasoning, enriching>failed,
        reasoning>received, reasoning>responding, reasoning>awaiting_human, reasoning>failed,
        awaiting_human>received, awaiting_human>responding, awaiting_human>closed, awaiting_human>failed,
        responding>awaiting_human, responding>closed, responding>failed,
        closed>awaiting_human, closed>closed, failed>awaiting_human}'::text[]);

-- contracts: nothing looks for messages by it, and each of them paid for it.
DROP INDEX outbox_by_investigation;
