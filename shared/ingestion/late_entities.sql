-- name: forget_all_but
DELETE FROM late_entities WHERE tenant_id = %(tenant_id)s AND NOT alert_id = ANY(%(waiting)s)

-- name: claim_due
-- Each try is taken by one caller only. The ids' order keeps two callers from a deadlock.
INSERT INTO late_entities AS known (tenant_id, alert_id, next_try_at)
SELECT %(tenant_id)s, waiting.alert_id, now() + %(first_pause)s
FROM unnest(%(waiting)s::text[]) AS waiting (alert_id)
LEFT JOIN late_entities AS earlier ON earlier.tenant_id = %(tenant_id)s AND earlier.alert_id = waiting.alert_id
WHERE earlier.alert_id IS NULL
    OR (earlier.outcome IS NULL AND earlier.next_try_at <= now())
ORDER BY waiting.alert_id
LIMIT %(at_most)s
ON CONFLICT (tenant_id, alert_id) DO UPDATE
SET tries = known.tries + 1, next_try_at = now() + %(first_pause)s::interval * 2 ^ known.tries
WHERE known.next_try_at <= now()
RETURNING alert_id

-- name: give_up
UPDATE late_entities
SET outcome = 'given_up'
WHERE tenant_id = %(tenant_id)s AND outcome IS NULL AND first_asked_at <= now() - %(give_up_after)s
RETURNING alert_id

-- name: settle
UPDATE late_entities SET outcome = %(outcome)s WHERE tenant_id = %(tenant_id)s AND alert_id = ANY(%(alert_ids)s)
