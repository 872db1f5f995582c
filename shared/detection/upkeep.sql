-- name: make_months
SELECT make_telemetry_months(%(first)s, %(last)s)

-- name: drop_months
SELECT drop_telemetry_months(%(before)s)

-- name: forget_fired
-- For every tenant: what fired long ago suppresses nothing any more.
DELETE FROM atlas_alert_state WHERE first_fired_at < %(before)s
