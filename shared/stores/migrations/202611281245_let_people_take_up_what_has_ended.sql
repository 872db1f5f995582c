-- depends: 202611281210_keep_messages_until_they_are_sent 202611281230_refuse_transitions_that_the_flow_does_not_have

-- With the three that only people make: they take up a case that has ended, and correct what was made of it.
CREATE OR REPLACE FUNCTION is_transition(state_before text, state_after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (state_before, state_after) IN (
        ('received', 'received'), ('received', 'parsing'), ('received', 'failed'),
        ('parsing', 'received'), ('parsing', 'enriching'), ('parsing', 'closed'), ('parsing', 'failed'),
        ('enriching', 'received'), ('enriching', 'reasoning'), ('enriching', 'failed'),
        ('reasoning', 'received'), ('reasoning', 'responding'), ('reasoning', 'awaiting_human'), ('reasoning', 'failed'),
        ('awaiting_human', 'received'), ('awaiting_human', 'responding'), ('awaiting_human', 'closed'),
        ('awaiting_human', 'failed'),
        ('responding', 'awaiting_human'), ('responding', 'closed'), ('responding', 'failed'),
        ('closed', 'awaiting_human'), ('closed', 'closed'), ('failed', 'awaiting_human'));
