-- depends: 202611281147_let_the_executor_follow_what_it_does

-- Facts about hosts, accounts and mailboxes, as an asset inventory has them. name_key is the short name in lower case:
-- alerts spell one host in several ways.
CREATE TABLE org_context (
    tenant_id text NOT NULL,
    entity_type text NOT NULL CHECK (entity_type IN ('host', 'account', 'mailbox')),
    entity_name text NOT NULL,
    name_key text NOT NULL,
    criticality text NOT NULL DEFAULT 'medium' CHECK (criticality IN ('low', 'medium', 'high', 'critical')),
    role text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    normal_services text[] NOT NULL DEFAULT '{}',
    normal_admin_users text[] NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    last_updated timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, entity_type, entity_name)
);
CREATE INDEX org_context_by_key ON org_context (tenant_id, name_key);
DO $$ BEGIN PERFORM guard_table('org_context', 'SELECT, INSERT, UPDATE'); END $$;

-- What a person named besides: no default grant holds an action on these.
CREATE TABLE protected_assets (
    tenant_id text NOT NULL,
    name_key text NOT NULL,
    entity_type text NOT NULL CHECK (entity_type IN ('host', 'account', 'mailbox')),
    entity_name text NOT NULL,
    reason text NOT NULL,
    protected_by text NOT NULL,
    protected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name_key, entity_type)
);
DO $$ BEGIN PERFORM guard_table('protected_assets', 'SELECT, INSERT, UPDATE, DELETE'); END $$;
