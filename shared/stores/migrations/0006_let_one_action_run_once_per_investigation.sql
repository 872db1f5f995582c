-- depends: 0002_create_investigations_and_their_outbox

-- Whatever id its message carries, the same change to the same target is made once. The digest keeps the index small.
CREATE UNIQUE INDEX executed_actions_once ON executed_actions (tenant_id, investigation_id, action, md5(target));
