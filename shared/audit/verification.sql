-- name: chain_ends
-- Where the chain ends by its head and by its records, and the record that an earlier check saw last: as it was and is.
SELECT coalesce(state.last_sequence, -1) AS last_sequence, coalesce(state.last_hash, repeat('0', 64)) AS last_hash,
    coalesce(records.highest, -1) AS highest, progress.head_sequence, progress.head_hash, progress.head_seen_at,
    seen.record_hash AS head_hash_now
FROM (SELECT max(sequence_number) AS highest FROM audit_records WHERE tenant_id = %(tenant_id)s) AS records
LEFT JOIN audit_chain_state AS state ON state.tenant_id = %(tenant_id)s
LEFT JOIN audit_verification_progress AS progress ON progress.tenant_id = %(tenant_id)s
LEFT JOIN audit_records AS seen ON seen.tenant_id = %(tenant_id)s AND seen.sequence_number = progress.head_sequence

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

-- name: keep_head
INSERT INTO audit_verification_progress AS progress (tenant_id, head_sequence, head_hash, head_seen_at)
VALUES (%(tenant_id)s, %(head_sequence)s, %(head_hash)s, now())
ON CONFLICT (tenant_id) DO UPDATE
SET head_sequence = excluded.head_sequence, head_hash = excluded.head_hash, head_seen_at = excluded.head_seen_at
WHERE progress.head_sequence IS NULL OR progress.head_sequence < excluded.head_sequence

-- name: newest_due
-- For every tenant, those with a chain and those that had one: the longest unchecked come first.
SELECT tenant_id, progress.newest_errors
FROM audit_chain_state AS state FULL JOIN audit_verification_progress AS progress USING (tenant_id)
ORDER BY progress.newest_checked_at NULLS FIRST, tenant_id

-- name: newest_checked
INSERT INTO audit_verification_progress (tenant_id, newest_checked_at, newest_errors)
VALUES (%(tenant_id)s, now(), %(errors)s)
ON CONFLICT (tenant_id) DO UPDATE
SET newest_checked_at = excluded.newest_checked_at, newest_errors = excluded.newest_errors

-- name: due
-- For every tenant, as above: a pass that was begun goes on, then comes the chain whose last pass is the oldest.
SELECT tenant_id, coalesce(state.last_sequence, -1) AS last_sequence, coalesce(progress.next_sequence, 0) AS next_sequence
FROM audit_chain_state AS state FULL JOIN audit_verification_progress AS progress USING (tenant_id)
WHERE progress.pass_ended_at IS NULL OR progress.next_sequence > 0 OR progress.pass_ended_at < now() - %(every)s
ORDER BY coalesce(progress.next_sequence, 0) = 0, progress.pass_ended_at NULLS FIRST, tenant_id

-- name: move_on
INSERT INTO audit_verification_progress AS progress (tenant_id, next_sequence, pass_ended_at)
VALUES (%(tenant_id)s, %(next_sequence)s, CASE WHEN %(ended)s THEN now() END)
ON CONFLICT (tenant_id) DO UPDATE
SET next_sequence = excluded.next_sequence,
    pass_ended_at = coalesce(excluded.pass_ended_at, progress.pass_ended_at), updated_at = now()
