-- depends: 202611280702_find_exposures_patterns_and_incidents_by_keys

-- The newest record that any check has seen, and its hash. Whoever cuts, rewrites or deletes a chain and moves its head
-- along is found by the next check. verified_to stays for the version before.
ALTER TABLE audit_verification_progress
    ADD COLUMN head_sequence bigint,
    ADD COLUMN head_hash text,
    ADD COLUMN head_seen_at timestamptz,
    ADD COLUMN newest_checked_at timestamptz,  -- the check of the newest records, and what it found
    ADD COLUMN newest_errors jsonb,
    ADD CONSTRAINT head_is_whole CHECK (num_nulls(head_sequence, head_hash, head_seen_at) IN (0, 3));

UPDATE audit_verification_progress AS progress
SET head_sequence = records.sequence_number, head_hash = records.record_hash, head_seen_at = progress.updated_at
FROM audit_records AS records
WHERE records.tenant_id = progress.tenant_id AND records.sequence_number = progress.verified_to;
