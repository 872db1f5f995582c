-- name: become_the_writer
SET LOCAL ROLE aluskort_audit

-- name: open_chain
INSERT INTO audit_chain_state (tenant_id) VALUES (%(tenant_id)s) ON CONFLICT (tenant_id) DO NOTHING

-- name: lock_chain
SELECT last_sequence, last_hash FROM audit_chain_state WHERE tenant_id = %(tenant_id)s FOR UPDATE

-- name: known_ids
SELECT audit_id FROM audit_records WHERE tenant_id = %(tenant_id)s AND audit_id = ANY(%(audit_ids)s)

-- name: append_records
INSERT INTO audit_records (
    tenant_id, sequence_number, audit_id, previous_hash, record_hash, occurred_at, ingested_at, event_type,
    event_category, severity, actor_type, actor_id, investigation_id, alert_id, context, decision, outcome, canonical)
SELECT fields->>'tenant_id', (fields->>'sequence_number')::bigint, fields->>'audit_id', fields->>'previous_hash',
    link.record_hash, link.occurred_at, (fields->>'ingested_at')::timestamptz, fields->>'event_type',
    fields->>'event_category', fields->>'severity', fields->>'actor_type', fields->>'actor_id',
    fields->>'investigation_id', fields->>'alert_id', fields->'context', fields->'decision', fields->'outcome',
    link.canonical
FROM unnest(%(canonical)s::text[], %(hashes)s::text[], %(times)s::timestamptz[])
    AS link (canonical, record_hash, occurred_at),
    LATERAL (SELECT link.canonical::jsonb AS fields) AS parsed

-- name: move_head
UPDATE audit_chain_state
SET last_sequence = %(last_sequence)s, last_hash = %(last_hash)s, last_timestamp = %(last_timestamp)s,
    updated_at = now()
WHERE tenant_id = %(tenant_id)s

-- name: keep_rejected
INSERT INTO audit_rejected (original_sha256, original, error_type, reason)
VALUES (%(original_sha256)s, %(original)s, %(error_type)s, %(reason)s)
ON CONFLICT (original_sha256) DO NOTHING

-- name: newest_records
SELECT canonical, record_hash FROM audit_records
WHERE tenant_id = %(tenant_id)s
    AND sequence_number < coalesce(%(place)s::bigint, 9223372036854775807)
    AND (%(investigation_id)s::text IS NULL OR investigation_id = %(investigation_id)s)
    AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
    AND (%(actor_id)s::text IS NULL OR actor_id = %(actor_id)s)
    AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
ORDER BY sequence_number DESC
LIMIT %(limit)s

-- name: oldest_records
SELECT canonical, record_hash FROM audit_records
WHERE tenant_id = %(tenant_id)s
    AND sequence_number > coalesce(%(place)s::bigint, -1)
    AND (%(investigation_id)s::text IS NULL OR investigation_id = %(investigation_id)s)
    AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
    AND (%(actor_id)s::text IS NULL OR actor_id = %(actor_id)s)
    AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
ORDER BY sequence_number
LIMIT %(limit)s

-- name: one_record
SELECT canonical, record_hash FROM audit_records WHERE tenant_id = %(tenant_id)s AND audit_id = %(audit_id)s

-- name: records_of_investigation
SELECT canonical, record_hash FROM audit_records
WHERE tenant_id = %(tenant_id)s AND investigation_id = %(investigation_id)s
ORDER BY sequence_number
