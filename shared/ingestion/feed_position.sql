-- name: begin
INSERT INTO polled_tables (tenant_id, workspace_id, source_table, read_until, page_rows)
VALUES (%(tenant_id)s, %(workspace_id)s, %(source_table)s, clock_timestamp() - %(look_back)s, %(page_rows)s)
ON CONFLICT DO NOTHING

-- name: position
SELECT read_until, next_at, next_skip, page_rows, coalesce(paused_until > clock_timestamp(), false) AS paused
FROM polled_tables
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s

-- name: published
SELECT row_digest
FROM polled_rows
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s
    AND row_digest = ANY(%(digests)s)

-- name: remember
INSERT INTO polled_rows (tenant_id, workspace_id, source_table, row_digest, ingested_at)
SELECT %(tenant_id)s, %(workspace_id)s, %(source_table)s, row_digest, ingested_at
FROM unnest(%(digests)s::bytea[], %(times)s::timestamptz[]) AS rows (row_digest, ingested_at)
ON CONFLICT (tenant_id, workspace_id, source_table, row_digest) DO UPDATE
SET ingested_at = excluded.ingested_at
WHERE polled_rows.ingested_at < excluded.ingested_at

-- name: move
-- From where it was found only: another poller may have moved it since. And never past our own now: a row from the
-- service's future would take those of the present out of the overlap.
UPDATE polled_tables
SET read_until = greatest(read_until, least(%(read_until)s, clock_timestamp())),
    next_at = %(next_at)s, next_skip = %(next_skip)s, page_rows = %(page_rows)s
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s
    AND read_until = %(found_until)s AND next_at IS NOT DISTINCT FROM %(found_at)s AND next_skip = %(found_skip)s
RETURNING read_until

-- name: forget
DELETE FROM polled_rows
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s
    AND ingested_at < %(older_than)s

-- name: ask_for
UPDATE polled_tables
SET page_rows = %(page_rows)s
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s

-- name: pause
UPDATE polled_tables
SET paused_until = clock_timestamp() + %(pause)s
WHERE tenant_id = %(tenant_id)s AND workspace_id = %(workspace_id)s AND source_table = %(source_table)s
