-- name: put
INSERT INTO outbox (tenant_id, investigation_id, topic, key, value)
VALUES (%(tenant_id)s, %(investigation_id)s, %(topic)s, %(key)s, %(value)s)

-- name: take_of_investigation
SELECT id, topic, key, value
FROM outbox
WHERE investigation_id = %(investigation_id)s
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: take_oldest
SELECT id, topic, key, value
FROM outbox
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: remove
DELETE FROM outbox WHERE id = ANY(%(ids)s)
