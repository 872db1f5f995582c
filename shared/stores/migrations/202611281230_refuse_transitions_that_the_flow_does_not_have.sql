-- depends: 202611280730_let_playbooks_say_when_they_may_act_alone

SET LOCAL lock_timeout = '5s';

-- As shared/investigation/transitions.py has them, which a test compares. A release that adds one replaces this first.
CREATE FUNCTION is_transition(state_before text, state_after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (state_before, state_after) IN (
        ('received', 'received'), ('received', 'parsing'), ('received', 'failed'),
        ('parsing', 'received'), ('parsing', 'enriching'), ('parsing', 'closed'), ('parsing', 'failed'),
        ('enriching', 'received'), ('enriching', 'reasoning'), ('enriching', 'failed'),
        ('reasoning', 'received'), ('reasoning', 'responding'), ('reasoning', 'awaiting_human'), ('reasoning', 'failed'),
        ('awaiting_human', 'received'), ('awaiting_human', 'responding'), ('awaiting_human', 'closed'),
        ('awaiting_human', 'failed'),
        ('responding', 'awaiting_human'), ('responding', 'closed'), ('responding', 'failed'));

CREATE FUNCTION refuse_transition() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'investigation % in state % cannot become %', OLD.investigation_id, OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER investigation_state_transition BEFORE UPDATE OF state ON investigation_state
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NOT is_transition(OLD.state, NEW.state))
    EXECUTE FUNCTION refuse_transition();
ALTER TABLE investigation_transitions
    ADD CONSTRAINT transition_is_allowed CHECK (is_transition(state_before, state_after)) NOT VALID;
