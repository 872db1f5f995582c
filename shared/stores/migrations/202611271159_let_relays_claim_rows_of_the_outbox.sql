-- depends: 0010_let_readers_see_their_tenants

-- A relay claims rows, publishes them without a connection, and deletes them. A claim that lapses is a relay that died.
ALTER TABLE outbox ADD COLUMN claimed_until timestamptz;
CREATE INDEX outbox_claimed ON outbox (topic, key) WHERE claimed_until IS NOT NULL;

-- Not every message is about an investigation. The version before this one still writes investigation_id, this one
-- subject_id, and neither reads the other's.
ALTER TABLE outbox ADD COLUMN subject_id text NOT NULL DEFAULT '';
ALTER TABLE outbox ALTER COLUMN investigation_id SET DEFAULT '';
