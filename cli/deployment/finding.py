"""What one check of the preflight found, and the form that every check has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.settings import Settings

PATIENCE_SECONDS = 45.0  # for all that one check asks
KEY_VAULT_REFERENCE = "@Microsoft.KeyVault("  # stands in place of a secret: only the app itself can read it


class State(StrEnum):
    """The result of a check; only ``failed`` keeps a deployment from working."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, what was found and, if something is wrong, what to do."""

    name: str
    state: State
    found: str
    todo: str = ""
    mended: bool = False  # whether `aluskort migrate` and the package that follows it fix this


@dataclass(frozen=True, slots=True)
class Target:
    """The deployment under check: every variable, and those that the product itself reads."""

    variables: Mapping[str, str]
    settings: Settings

    @property
    def of_the_app(self) -> bool:
        """Whether this process logs in as the app: the pipeline has its own identity, and references for secrets."""
        return not any(value.startswith(KEY_VAULT_REFERENCE) for value in self.variables.values())


Check = Callable[[Target], AsyncIterator[Finding]]


def ok(name: str, found: str) -> Finding:
    """Nothing is wrong."""
    return Finding(name, State.OK, found)


def failed(name: str, found: object, todo: str, *, mended: bool = False) -> Finding:
    """The deployment cannot work until this is fixed."""
    return Finding(name, State.FAILED, str(found) or type(found).__name__, todo, mended)


def warning(name: str, found: str, todo: str) -> Finding:
    """The deployment works, but somebody should check this."""
    return Finding(name, State.WARNING, found, todo)


def not_applicable(name: str, found: str) -> Finding:
    """There is nothing to check, or no way to from here; ``found`` says why."""
    return Finding(name, State.NOT_APPLICABLE, found)


async def findings(name: str, check: Check, target: Target) -> AsyncIterator[Finding]:
    """What a check finds. An error in the check itself is a finding too, so that every preflight comes to its end."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for finding in check(target):
                yield finding
    except TimeoutError:
        yield failed(name, f"not finished within {PATIENCE_SECONDS:g} s", "See whether the service answers at all.")
    except Exception as error:
        yield failed(
            name,
            f"{type(error).__name__}: {error}",
            "This was not expected: run it again, then report it.",
        )
