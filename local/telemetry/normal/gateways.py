"""The API and the partners: people, front ends, nightly jobs, on-call nights; re-synchronisation, new certificates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from local.telemetry.calendar import HOUR, Day, Rhythm, as_times, at_random
from local.telemetry.site import ARTEFACTS, ENDPOINTS, MODELS, Partner, Person, Site
from local.telemetry.tables import Block, Column, block

CALLER_A_DAY = 110
ELSEWHERE = 0.08  # of a person's calls: to an endpoint that is not their daily one
SHIFT_WORKER = 5  # every fifth caller works in shifts
ON_CALL = 1 / 7  # the chance that somebody is called out at night
ARTEFACT_USE = 1 / 12  # the chance a day that an engineer reads one artefact of a model, mostly its configuration
SERVICES = (("svc-portal", ENDPOINTS, 900, Rhythm.OFFICE), ("svc-sync", ENDPOINTS[:3], 300, Rhythm.NIGHTLY))
NEW_CERTIFICATE, RESYNC = 1 / 45, 1 / 30  # the chance for a partner on a working day


def gateways(site: Site, day: Day) -> Iterator[Block]:
    """``orbital_api_logs`` and ``partner_api_logs``."""
    for number, person in enumerate(site.callers):
        random = site.random("api", person.name, day.date.toordinal())
        rhythm = Rhythm.PLANT if number % SHIFT_WORKER == 0 else Rhythm.OFFICE
        ts = at_random(random, day, CALLER_A_DAY * person.pace * random.lognormal(0, 0.3), rhythm)
        theirs, other = random.choice(person.works, len(ts)), random.choice(ENDPOINTS, len(ts))
        endpoint = np.where(random.random(len(ts)) < ELSEWHERE, other, theirs).astype(object)
        yield called(site, random, ts, person, endpoint)
    for name, endpoints, rows, rhythm in SERVICES:
        random = site.random("api", name, day.date.toordinal())
        ts = at_random(random, day, rows, rhythm)
        endpoint = random.choice(endpoints, len(ts)).astype(object)
        yield called(site, random, ts, _service(site, name), endpoint)
    yield from _artefacts(site, day)
    yield from _on_call(site, day)
    for partner in site.partners:
        yield from _partner(site, day, partner)


def _service(site: Site, name: str) -> Person:
    return Person(site.account(name), "10.20.0.9", 1.0, ())


def called(site: Site, random: Generator, ts: Column, who: Person, endpoint: Column) -> Block:
    """Ordinary calls: answers of some kilobytes."""
    count = len(ts)
    code = random.choice((200, 200, 304, 400, 404, 500), count, p=(0.9, 0.03, 0.03, 0.015, 0.02, 0.005))
    return block(
        "orbital_api_logs",
        site.tenant_id,
        ts,
        caller_ip=who.address,
        caller_identity=who.name,
        endpoint=endpoint,
        method=np.where(random.random(count) < 0.9, "GET", "POST").astype(object),
        response_code=code,
        request_payload_size=random.lognormal(5.5, 0.8, count).astype(int),
        response_payload_size=np.where(code < 300, random.lognormal(9, 1.1, count), 180).astype(int),
    )


def artefact_sizes(random: Generator, endpoint: Column) -> Column:
    """Bytes of artefacts: weights and training data are large."""
    large = np.array([name.endswith("/weights") or "training-data" in name for name in endpoint], dtype=bool)
    size = random.lognormal(10, 0.8, len(endpoint))
    size[large] = random.lognormal(18.5, 0.5, int(large.sum()))  # about 100 MB
    return size.astype(np.int64)


def _artefacts(site: Site, day: Day) -> Iterator[Block]:
    """The deployment job fetches weights each morning; engineers read a configuration now and then."""
    random = site.random("artefacts", day.date.toordinal())
    ts = as_times(day.start_us + 5 * HOUR + random.integers(0, HOUR, len(MODELS)))
    weights = np.full(len(ts), ARTEFACTS[0], dtype=object)
    yield called(site, random, ts, _service(site, "svc-mlops"), weights).replaced(
        response_code=np.full(len(ts), 200), response_payload_size=artefact_sizes(random, weights)
    )
    for person in site.engineers:
        if day.is_off or random.random() >= ARTEFACT_USE:
            continue
        ts = at_random(random, day, 2, Rhythm.OFFICE)
        endpoint = random.choice(
            (ARTEFACTS[1], ARTEFACTS[3], ARTEFACTS[5], ARTEFACTS[2]), len(ts), p=(0.4, 0.3, 0.25, 0.05)
        )
        endpoint = endpoint.astype(object)
        yield called(site, random, ts, person, endpoint).replaced(
            response_code=np.full(len(ts), 200), response_payload_size=artefact_sizes(random, endpoint)
        )


def _on_call(site: Site, day: Day) -> Iterator[Block]:
    random = site.random("on call", day.date.toordinal())
    if random.random() >= ON_CALL:
        return
    person: Person = site.callers[int(random.integers(len(site.callers)))]
    start = day.start_us + random.integers(0, 4 * HOUR)
    ts = as_times(random.integers(start, start + HOUR, int(random.integers(8, 30))))
    endpoint = random.choice(ENDPOINTS[:4], len(ts)).astype(object)
    yield called(site, random, ts, person, endpoint)


def _partner(site: Site, day: Day, partner: Partner) -> Iterator[Block]:
    random = site.random("partner", partner.name, day.date.toordinal())
    usual = at_random(random, day, partner.calls * random.lognormal(0, 0.2), Rhythm.OFFICE)
    yield exchanged(site, random, usual, partner)
    new_certificate, again = random.random(2)
    if day.is_off:
        return
    start = day.start_us + int(random.integers(9, 16)) * HOUR
    if again < RESYNC:
        ts = as_times(random.integers(start, start + 2 * HOUR, int(partner.calls * 2)))
        yield exchanged(site, random, ts, partner)
    if new_certificate < NEW_CERTIFICATE:
        ts = as_times(random.integers(start, start + HOUR // 6, int(random.integers(2, 7))))
        yield exchanged(site, random, ts, partner).replaced(
            mtls_verified=np.zeros(len(ts), dtype=bool), response_code=np.full(len(ts), 403)
        )


def exchanged(site: Site, random: Generator, ts: Column, partner: Partner) -> Block:
    """Ordinary exchange with one partner: what they send is smaller than what they fetch."""
    count = len(ts)
    inbound = random.random(count) < 0.6
    size = random.lognormal(np.log(partner.size), 0.6, count) * np.where(inbound, 1.0, 2.5)
    return block(
        "partner_api_logs",
        site.tenant_id,
        ts,
        partner_id=partner.name,
        partner_name=partner.title,
        direction=np.where(inbound, "inbound", "outbound").astype(object),
        data_type=random.choice(("orders", "readings", "certificates"), count, p=(0.5, 0.4, 0.1)).astype(object),
        payload_size=size.astype(int),
        response_code=random.choice((200, 400, 500), count, p=(0.985, 0.01, 0.005)),
        mtls_verified=np.ones(count, dtype=bool),
    )
