-- name: breached
-- For every tenant: a timer looks for what nobody repaired in time. An accepted risk has until its acceptance ends.
UPDATE ctem_exposures SET sla_breached_at = now()
WHERE id IN (
    SELECT id FROM ctem_exposures
    WHERE sla_deadline < now() AND sla_breached_at IS NULL AND status NOT IN ('Verified', 'Closed')
        AND (accepted_until IS NULL OR accepted_until < now())
    ORDER BY sla_deadline
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING tenant_id, exposure_key, severity, sla_deadline, assigned_to, exposure, status
