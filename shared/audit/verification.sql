-- name: chain_ends
SELECT coalesce(state.last_sequence, -1) AS last_sequence, coalesce(state.last_hash, repeat('0', 64)) AS last_hash,
    coalesce(records.highest, -1) AS highest
FROM (SELECT max(sequence_number) AS highest FROM audit_records WHERE tenant_id = %(tenant_id)s) AS records
LEFT JOIN audit_chain_state AS state ON state.tenant_id = %(tenant_id)s

-- name: heads
-- For every tenant: each chain is verified.
SELECT tenant_id, last_sequence FROM audit_chain_state ORDER BY tenant_id

-- name: stretch
SELECT sequence_number, canonical, record_hash,
    jsonb_build_object(
        'tenant_id', tenant_id, 'sequence_number', sequence_number, 'audit_id', audit_id,
        'previous_hash', previous_hash, 'occurred_at', occurred_at, 'ingested_at', ingested_at,
        'event_type', event_type, 'event_category', event_category, 'severity', severity,
        'actor_type', actor_type, 'actor_id', actor_id, 'investigation_id', investigation_id, 'alert_id', alert_id,
        'context', context, 'decision', decision, 'outcome', outcome)::text AS columns
FROM audit_records
WHERE tenant_id = %(tenant_id)s AND sequence_number BETWEEN %(first)s AND %(last)s
ORDER BY sequence_number
LIMIT %(limit)s

-- name: log_verification
INSERT INTO audit_verification_log (
    tenant_id, verification_type, records_checked, from_sequence, to_sequence, chain_valid, errors, duration_ms)
VALUES (%(tenant_id)s, %(verification_type)s, %(records_checked)s, %(from_sequence)s, %(to_sequence)s,
    %(chain_valid)s, %(errors)s, %(duration_ms)s)

-- name: due
-- For every tenant: a pass that was begun goes on, then comes the chain whose last pass is the oldest.
SELECT state.tenant_id, state.last_sequence, coalesce(progress.next_sequence, 0) AS next_sequence,
    coalesce(progress.verified_to, -1) AS verified_to
FROM audit_chain_state AS state LEFT JOIN audit_verification_progress AS progress USING (tenant_id)
WHERE progress.pass_ended_at IS NULL OR progress.next_sequence > 0 OR progress.pass_ended_at < now() - %(every)s
ORDER BY coalesce(progress.next_sequence, 0) = 0, progress.pass_ended_at NULLS FIRST, state.tenant_id

-- name: move_on
INSERT INTO audit_verification_progress AS progress (tenant_id, next_sequence, verified_to, pass_ended_at)
VALUES (%(tenant_id)s, %(next_sequence)s, %(verified_to)s, CASE WHEN %(ended)s THEN now() END)
ON CONFLICT (tenant_id) DO UPDATE
SET next_sequence = excluded.next_sequence, verified_to = greatest(progress.verified_to, excluded.verified_to),
    pass_ended_at = coalesce(excluded.pass_ended_at, progress.pass_ended_at), updated_at = now()
