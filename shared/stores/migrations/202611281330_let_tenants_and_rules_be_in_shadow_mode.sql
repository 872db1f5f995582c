-- depends: 202611281245_let_people_take_up_what_has_ended

-- Whose cases are judged and logged while nothing closes or acts without a person: all of a tenant (rule_key ''), or
-- those of one rule, by the alert's title in lower case.
CREATE TABLE shadow_modes (
    tenant_id text NOT NULL,
    rule_key text NOT NULL,
    rule text NOT NULL,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, rule_key)
);
DO $$ BEGIN PERFORM guard_table('shadow_modes', 'SELECT, INSERT, DELETE'); END $$;
