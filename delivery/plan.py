"""A Terraform plan as people approve it: which resources change and how, without values, which may be secrets.

Source: Terraform's JSON output format (`terraform show -json PLAN`), `resource_changes`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput

SHOWN = 300  # changes; GitHub takes comments of 65,536 characters


class Change(StrEnum):
    """What happens to a resource; the value is the mark in the table."""

    DESTROY = "destroy"
    REPLACE = "replace: destroy and create"
    CREATE = "create"
    UPDATE = "update"
    FORGET = "forget"


_KINDS: dict[tuple[str, ...], Change | None] = {
    ("no-op",): None,
    ("read",): None,
    ("create",): Change.CREATE,
    ("update",): Change.UPDATE,
    ("delete",): Change.DESTROY,
    ("forget",): Change.FORGET,
    ("create", "delete"): Change.REPLACE,
    ("delete", "create"): Change.REPLACE,
    ("create", "forget"): Change.REPLACE,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of one plan by resource address, what destroys first."""

    changes: tuple[tuple[Change, str], ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the changes: two plans that do the same to the same resources have the same."""
        return hashlib.sha256(json.dumps(self.changes).encode()).hexdigest()

    def markdown(self, environment: str) -> str:
        """Return the comment for a pull request or an approver."""
        lines = [f"### Terraform plan for `{environment}`", ""]
        if not self.changes:
            return "\n".join([*lines, "Nothing changes.", "", f"Digest `{self.digest}`", ""])
        counts = [f"{sum(kind is change for kind, _ in self.changes)} to {change}" for change in Change]
        lines += [", ".join(count for count in counts if not count.startswith("0 ")) + ".", ""]
        lines += ["| change | resource |", "|---|---|"]
        lines += [f"| {_emphasised(kind)} | `{_in_table(address)}` |" for kind, address in self.changes[:SHOWN]]
        if len(self.changes) > SHOWN:
            lines += [f"| | and {len(self.changes) - SHOWN} more, see the log of the run |"]
        return "\n".join([*lines, "", f"Digest `{self.digest}`", ""])


def read_plan(path: Path) -> Plan:
    """Read what `terraform show -json` printed into ``path``.

    :raises InvalidInput: it is not that, or it has an action that this reader does not know.
    """
    try:
        document: Any = json.loads(path.read_text("utf-8"))
        entries = [(tuple(entry["change"]["actions"]), str(entry["address"])) for entry in _changes(document)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise InvalidInput(
            str(path), got=repr(cause), expected="a plan in JSON", hint="Run `terraform show -json PLAN`."
        ) from cause
    changes: list[tuple[Change, str]] = []
    for actions, address in entries:
        if actions not in _KINDS:
            raise InvalidInput(
                f"{address}.change.actions",
                got=list(actions),
                expected="actions of Terraform's JSON format",
                hint="A newer Terraform may know more: add them to delivery/plan.py.",
            )
        if kind := _KINDS[actions]:
            changes.append((kind, address))
    return Plan(tuple(sorted(changes, key=lambda change: (list(Change).index(change[0]), change[1]))))


def _changes(document: Any) -> list[Any]:
    if "format_version" not in document:
        raise ValueError("no format_version")
    changes: list[Any] = document.get("resource_changes", [])
    return changes


def _emphasised(kind: Change) -> str:
    return f"**{kind}**" if kind in {Change.DESTROY, Change.REPLACE} else kind


def _in_table(address: str) -> str:
    return address.replace("`", "'").replace("|", "\\|").replace("\n", " ")
