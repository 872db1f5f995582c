-- name: put
INSERT INTO notifications (notification_id, tenant_id, channel, notice)
SELECT %(notification_id)s || ':' || channel, %(tenant_id)s, channel, %(notice)s FROM unnest(%(channels)s::text[]) AS channel
ON CONFLICT DO NOTHING

-- name: claim
-- For every tenant. Whoever claims one has it until it is due again; a crash meanwhile sends it again.
UPDATE notifications SET due_at = now() + %(lease)s
WHERE notification_id IN (
    SELECT notification_id FROM notifications WHERE due_at <= now() AND channel = ANY (%(channels)s)
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING notification_id, channel, notice, attempts

-- name: put_off
-- For every tenant, as above.
UPDATE notifications SET attempts = attempts + 1, due_at = now() + %(pause)s
WHERE notification_id = %(notification_id)s

-- name: remove
-- For every tenant, as above.
DELETE FROM notifications WHERE notification_id = %(notification_id)s
