"""What the rules make of four attacks among everyday alerts, the database makes of them too."""

import random
from datetime import timedelta

from shared.bus.outbox import Outbox
from shared.contracts.incident import SourceIncident
from shared.incidents.regrouping import Regrouping
from shared.incidents.repository import Incidents
from tests.unit.incidents.alerts import normalized
from tests.unit.incidents.attacks import ATTACKED_ACCOUNTS, ATTACKED_HOSTS, START, attacks
from tests.unit.incidents.everyday import Company, everyday
from tests.unit.incidents.gathering import Gathering, pairwise


async def test_database_gathers_as_the_rules_do_and_as_the_source_says(
    incidents: Incidents, regrouping: Regrouping, outbox: Outbox, tenant: str
) -> None:
    rows, truth = attacks()
    company = Company(people=20, also_hosts=ATTACKED_HOSTS, also_accounts=ATTACKED_ACCOUNTS)
    rows += everyday(90, since=START, until=START + timedelta(days=4), company=company, seed=6)
    random.Random(6).shuffle(rows)
    alerts = [normalized(row | {"TenantId": tenant}) for row in rows]
    by_rules = Gathering()
    for each in alerts:
        by_rules.add(each)
        await incidents.link(each, f"i-{each.alert_id}")

    async def found() -> dict[str, str]:
        places = {each.alert_id: await incidents.of_alert(tenant, each.alert_id) for each in alerts}
        return {name: place.incident_id for name, place in places.items() if place}

    assert pairwise(await found(), by_rules.incident_of) == (1.0, 1.0, 1.0)
    assert pairwise(await found(), truth)[2] < 1  # there is something for the source to mend
    for attack in sorted(set(truth.values())):
        listed = [name for name, of in truth.items() if of == attack]
        grouping = SourceIncident(tenant_id=tenant, source="sentinel", number=attack, title="Attack", alert_ids=listed)
        await regrouping.from_source(grouping)
    assert pairwise(await found(), truth) == (1.0, 1.0, 1.0)
