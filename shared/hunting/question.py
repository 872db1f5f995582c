"""One question of the catalogue: its KQL, and what is to be known to ask it and to read its answer (design §8.18)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.entity import EntityType


class Parameter(StrEnum):
    """What is bound in a question, under the name that its KQL uses; each is a list of texts of the alert."""

    ACCOUNT_NAMES = "AccountNames"  # without domain
    USER_PRINCIPAL_NAMES = "UserPrincipalNames"  # name@domain, mailboxes too
    DEVICE_NAMES = "DeviceNames"  # short and with domain
    ADDRESSES = "Addresses"
    FILE_NAMES = "FileNames"
    FILE_HASHES = "FileHashes"
    DOMAINS = "Domains"
    SENDERS = "Senders"
    MESSAGE_IDS = "MessageIds"
    ALERT_IDS = "AlertIds"  # the alert's own


# Which kinds of entity give values for a parameter; none: the alert itself does.
PROVIDERS: Mapping[Parameter, frozenset[EntityType]] = {
    Parameter.ACCOUNT_NAMES: frozenset({EntityType.ACCOUNT}),
    Parameter.USER_PRINCIPAL_NAMES: frozenset({EntityType.ACCOUNT, EntityType.MAILBOX, EntityType.MAILMESSAGE}),
    Parameter.DEVICE_NAMES: frozenset({EntityType.HOST}),
    Parameter.ADDRESSES: frozenset({EntityType.IP}),
    Parameter.FILE_NAMES: frozenset({EntityType.FILE, EntityType.PROCESS}),
    Parameter.FILE_HASHES: frozenset({EntityType.FILEHASH}),
    Parameter.DOMAINS: frozenset({EntityType.DNS, EntityType.URL}),
    Parameter.SENDERS: frozenset({EntityType.MAILMESSAGE}),
    Parameter.MESSAGE_IDS: frozenset({EntityType.MAILMESSAGE}),
    Parameter.ALERT_IDS: frozenset(),
}

MOST_ROWS = 30
MOST_SECONDS = 15
LONGEST_WINDOW_HOURS = 30 * 24


class Window(Contract):
    """The hours around the alert that a question is about."""

    before_hours: int = Field(ge=1, le=LONGEST_WINDOW_HOURS)
    after_hours: int = Field(ge=0, le=24)


class Fixtures(Contract):
    """Rows of the table that the question must find, each by itself, and rows that it must not; for the tests.

    A row without TimeGenerated lies ten minutes before the alert. ``finds`` must all stand in the answer.
    """

    values: dict[Parameter, list[str]]
    hit: list[dict[str, Any]] = Field(min_length=1)
    silent: list[dict[str, Any]] = Field(min_length=1)
    finds: list[str] = Field(min_length=1)


class Question(Contract):
    """``name`` is the file's stem. ``rows`` and ``seconds`` bound what an answer may hold and the service may spend."""

    name: str = Field(pattern=r"^[a-z][a-z_]{5,47}$")
    text: str
    purpose: str = Field(min_length=20, max_length=200)
    means: str = Field(min_length=20, max_length=300)  # what a row speaks for
    entities: list[EntityType] = Field(min_length=1)  # kinds of entity that it fits
    tactics: list[str] = Field(default_factory=list)  # alerts that call for it; none named: every alert does
    techniques: list[str] = Field(default_factory=list)  # alerts that call for it most
    table: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    window: Window
    rows: int = Field(ge=1, le=MOST_ROWS)
    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS)]
    parameters: tuple[Parameter, ...]
    fixtures: Fixtures
