"""Who and what a simulated tenant has: people, models, edge nodes, partners. The same for one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

MODELS = ("corrosion-rate", "flare-vision", "pump-failure", "yield-forecast", "leak-acoustics", "energy-price")
CONSTRAINTS = ("mass-balance", "energy-balance", "pressure-limit", "temperature-limit", "flow-continuity")
ENDPOINTS = (
    *("/v1/assets/{id}", "/v1/assets", "/v1/readings", "/v1/dashboards/{id}", "/v1/predict/{model}"),
    *("/v1/forecast/{model}", "/v1/nl-query", "/v1/reports/{id}", "/v1/users/me", "/v1/search"),
)
ARTEFACTS = (  # what an AI artefact is, served by the same API
    *("/v1/models/{model}/weights", "/v1/models/{model}/config", "/v1/training-data/{set}"),
    *("/v1/models/{model}/hyperparameters", "/v1/docs/architecture/{id}", "/v1/features/{set}"),
)
PARTS = ("features", "labels", "eval")
DATASETS = tuple(f"training.{model.replace('-', '_')}.{part}" for model in MODELS for part in PARTS)
NOUNS = (
    *("readings", "assets", "maintenance", "weather", "tariffs"),
    *("inspections", "alarms", "lab", "shifts", "vessels"),
)
TABLES_OF_WORK = tuple(f"{layer}.{noun}" for layer in ("raw", "clean", "gold") for noun in NOUNS)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a service, with an account. ``pace`` is how busy they are compared with colleagues."""

    name: str
    address: str
    pace: float
    works: tuple[str, ...]  # the tables or endpoints that are theirs


@dataclass(frozen=True, slots=True)
class Node:
    """An edge node beside the plant with its own model and sensors."""

    name: str
    model: str
    sensors: int
    points: int  # data points a report
    confidence: float
    spread: float
    latency: float  # milliseconds


@dataclass(frozen=True, slots=True)
class Partner:
    """A company that exchanges data with the tenant."""

    name: str
    title: str
    calls: float  # a working day
    size: float  # typical payload in bytes


@dataclass(frozen=True, slots=True)
class Site:
    """One tenant's world, made from (seed, name) alone."""

    tenant_id: str
    name: str
    zone: ZoneInfo
    seed: int
    engineers: tuple[Person, ...] = field(default=())
    analysts: tuple[Person, ...] = field(default=())
    callers: tuple[Person, ...] = field(default=())
    nodes: tuple[Node, ...] = field(default=())
    partners: tuple[Partner, ...] = field(default=())

    def random(self, *what: str | int) -> Generator:
        """Numbers of their own for each purpose and day, so that a change in one place moves no other."""
        return np.random.default_rng([self.seed, *(_number(part) for part in (self.name, *what))])

    def account(self, name: str) -> str:
        """An account of this site."""
        return f"{name}@{self.name}.example"


def _number(part: str | int) -> int:
    return int.from_bytes(sha256(str(part).encode()).digest()[:8])


def digest(*parts: str | int) -> str:
    """A SHA-256 that stands for the bytes of something, such as a model's weights."""
    return sha256(":".join(map(str, parts)).encode()).hexdigest()


def site(name: str, zone: str, size: float, seed: int, *, tenant_id: str = "") -> Site:
    """A tenant of ``size``: 1.0 has 12 data engineers, 30 analysts, 20 API callers, 6 edge nodes and 5 partners."""
    empty = Site(tenant_id or name, name, ZoneInfo(zone), seed)
    random = empty.random("population")

    def people(role: str, count: float, choices: tuple[str, ...]) -> tuple[Person, ...]:
        return tuple(
            Person(
                empty.account(f"{role}{number:02}"),
                f"10.{20 + len(role)}.{number // 200}.{10 + number % 200}",
                float(random.lognormal(0, 0.5)),
                tuple(random.choice(choices, min(len(choices), 2 + int(random.poisson(2))), replace=False).tolist()),
            )
            for number in range(1, max(3, round(count)) + 1)
        )

    return Site(
        empty.tenant_id,
        name,
        empty.zone,
        seed,
        engineers=people("engineer", 12 * size, TABLES_OF_WORK + DATASETS),
        analysts=people("analyst", 30 * size, MODELS),
        callers=people("caller", 20 * size, ENDPOINTS),
        nodes=tuple(_node(random, name, number) for number in range(1, max(3, round(6 * size)) + 1)),
        partners=tuple(_partner(random, number) for number in range(1, max(3, round(5 * size)) + 1)),
    )


def _node(random: Generator, site_name: str, number: int) -> Node:
    return Node(
        f"edge-{site_name}-{number:02}",
        MODELS[number % len(MODELS)],
        sensors=int(random.integers(40, 160)),
        points=int(random.integers(2_000, 9_000)),
        confidence=float(random.uniform(0.84, 0.93)),
        spread=float(random.uniform(0.03, 0.06)),
        latency=float(random.uniform(40, 160)),
    )


def _partner(random: Generator, number: int) -> Partner:
    kind = ("shipping", "weather", "laboratory", "maintenance", "grid")[number % 5]
    return Partner(
        f"partner-{number:02}",
        f"{kind.capitalize()} partner {number}",
        calls=float(random.lognormal(5.2, 0.6)),
        size=float(random.lognormal(8.5, 0.8)),
    )
