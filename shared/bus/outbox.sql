-- name: put
INSERT INTO outbox (tenant_id, subject_id, topic, key, value)
SELECT %(tenant_id)s, %(subject_id)s, message.topic, message.key, message.value
FROM unnest(%(topics)b::text[], %(keys)b::text[], %(values)b::bytea[]) WITH ORDINALITY
    AS message (topic, key, value, place)
ORDER BY message.place

-- name: one_claim_at_a_time
-- Two relays that claim at once would each see the other's rows as free and publish one key's messages out of order.
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: claim
-- For every tenant. Rows behind a claimed one of the same key wait for it, as do all rows of a topic that fails now.
UPDATE outbox SET claimed_until = now() + %(lease)s
WHERE id IN (
    SELECT id FROM outbox AS waiting
    WHERE (claimed_until IS NULL OR claimed_until < now())
        AND topic <> ALL (%(failing)s::text[])
        AND NOT EXISTS (
            SELECT FROM outbox AS claimed
            WHERE claimed.claimed_until >= now() AND claimed.topic = waiting.topic AND claimed.key = waiting.key
        )
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id, topic, key, value

-- name: remove
-- For every tenant: a batch has rows of several.
DELETE FROM outbox WHERE id = ANY(%(ids)s)

-- name: release
-- For every tenant, as above.
UPDATE outbox SET claimed_until = NULL WHERE id = ANY(%(ids)s)

-- name: waiting
-- For every tenant. A count without an end would read the whole backlog of an outage.
SELECT count(*) AS waiting, min(created_at) AS oldest_at
FROM (SELECT created_at FROM outbox ORDER BY id LIMIT %(at_most)s) AS oldest
