"""Which attack comes when: each of the ten at each strength, so that a day has few and a subject one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from local.telemetry.attacks.attack import Attack, Strength
from local.telemetry.attacks.catalogue import ATTACKS
from local.telemetry.calendar import Day
from local.telemetry.site import Site


def campaign(sites: Sequence[Site], first: date, days: int, rounds: int = 1) -> list[Attack]:
    """``rounds`` times every attack at every strength on every site, begun on ``days`` days from ``first`` on.

    Whose account or node it is depends on the site's seed. No two of a site hit one subject at overlapping times.
    """
    attacks: list[Attack] = []
    for site in sites:
        kinds = [(rule, strength, turn) for turn in range(rounds) for strength in Strength for rule in ATTACKS]
        order = site.random("campaign").permutation(len(kinds))
        mine: list[Attack] = []
        for place, kind in enumerate(order.tolist()):
            day = Day(first + timedelta(days=place * days // len(kinds)), site.zone)
            mine.append(_free(site, day, kinds[kind], mine))
        attacks += mine
    return attacks


def _free(site: Site, day: Day, kind: tuple[str, Strength, int], others: Sequence[Attack]) -> Attack:
    """The attack with a subject that no other attack has within a day of it, as far as twenty draws find one."""
    rule, strength, turn = kind
    for draw in range(20):
        attack = ATTACKS[rule](site, day, strength, site.random(rule, strength, turn, draw))
        if not any(_meet(attack, other) for other in others):
            break
    return attack


def _meet(one: Attack, other: Attack) -> bool:
    gap = timedelta(days=1)
    apart = one.label.start > other.label.end + gap or other.label.start > one.label.end + gap
    return not apart and bool(set(one.label.subjects) & set(other.label.subjects) - {one.label.tenant_id})
