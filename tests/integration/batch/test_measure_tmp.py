import sys

sys.path.insert(0, "/tmp")
from measure_tick import measure


async def test_measure(make_office):
    office = make_office(hard=1e9)
    await measure(office)
    office.rows("UPDATE batch_queues SET waiting = 0, due_at = NULL WHERE tenant_id = %(tenant)s")
