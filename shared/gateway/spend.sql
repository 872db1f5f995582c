-- name: reserve
-- One statement: the month's row is locked, the limit checked against its newest value, and the call entered.
WITH counted AS (
    INSERT INTO spend_months AS spent (month, committed_usd)
    SELECT %(month)s, %(amount)s WHERE %(amount)s <= %(hard_limit)s
    ON CONFLICT (month) DO UPDATE SET committed_usd = spent.committed_usd + excluded.committed_usd
        WHERE spent.committed_usd + excluded.committed_usd <= %(hard_limit)s
    RETURNING month
)
INSERT INTO spend_ledger (call_id, tenant_id, month, task_type, model_tier, reserved_usd)
SELECT %(call_id)s, %(tenant_id)s, month, %(task_type)s, %(model_tier)s, %(amount)s FROM counted
RETURNING call_id;

-- name: settle
-- A call is settled once; what it did not use goes back to the month.
WITH settled AS (
    UPDATE spend_ledger SET settled_usd = %(amount)s, settled_at = now()
    WHERE tenant_id = %(tenant_id)s AND call_id = %(call_id)s AND settled_at IS NULL
    RETURNING month, reserved_usd
)
UPDATE spend_months AS spent SET committed_usd = spent.committed_usd - settled.reserved_usd + %(amount)s
FROM settled WHERE spent.month = settled.month;

-- name: report_soft_limit
-- True for one caller a month: the one that has to tell people.
UPDATE spend_months SET soft_limit_reported_at = now()
WHERE month = %(month)s AND committed_usd >= %(soft_limit)s AND soft_limit_reported_at IS NULL
RETURNING committed_usd;

-- name: committed
SELECT committed_usd FROM spend_months WHERE month = %(month)s;
