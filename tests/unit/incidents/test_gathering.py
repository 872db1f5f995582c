"""Four attacks among 500 everyday alerts, in any order: gathered, and apart from what does not belong to them."""

import random
from datetime import timedelta
from statistics import mean

from shared.contracts.alert import NormalizedAlert
from tests.unit.incidents.alerts import normalized
from tests.unit.incidents.attacks import ATTACKED_ACCOUNTS, ATTACKED_HOSTS, START, attacks
from tests.unit.incidents.everyday import Company, everyday
from tests.unit.incidents.gathering import Gathering, incidents_holding, largest, pairwise

COMPANY = Company(also_hosts=ATTACKED_HOSTS, also_accounts=ATTACKED_ACCOUNTS)
SINCE, UNTIL = START - timedelta(days=3), START + timedelta(days=25)


def mixed(seed: int) -> tuple[list[NormalizedAlert], dict[str, str]]:
    rows, truth = attacks()
    rows += everyday(500, since=SINCE, until=UNTIL, company=COMPANY, seed=seed)
    random.Random(seed).shuffle(rows)
    return [normalized(each) for each in rows], truth


def gathered(alerts: list[NormalizedAlert]) -> Gathering:
    made = Gathering()
    for each in alerts:
        made.add(each)
    return made


def test_each_attack_alone_is_one_incident() -> None:
    rows, truth = attacks()
    made = gathered([normalized(each) for each in rows])
    assert pairwise(made.incident_of, truth) == (1.0, 1.0, 1.0)


def test_attacks_are_gathered_from_among_everyday_alerts() -> None:
    """One alert in twenty is on a host or account of an attack; which of them is a bystander, nobody knows."""
    scores = []
    for seed in range(5):
        alerts, truth = mixed(seed)
        made = gathered(alerts)
        scores.append(pairwise(made.incident_of, truth)[2])
        assert incidents_holding(made.incident_of, truth) <= 6
        assert largest(made.incident_of) <= 20
    assert mean(scores) >= 0.95


def test_every_link_has_a_reason_that_names_the_other_alert() -> None:
    made = gathered(mixed(0)[0])
    links = [link for found in made.why.values() for link in found]
    assert links
    assert all(link.alert_id in link.reason and link.reason.startswith(link.rule.name) for link in links)
