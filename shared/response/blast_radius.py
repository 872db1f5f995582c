"""What an action would stop, and for whom, in sentences for the person who approves: pure, from known facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.action import Action
from shared.response.assets import AssetFacts
from shared.response.catalogue import CATALOGUE

NAMED = 3  # of a list that is longer
SHOWN = 200  # characters of a target: the action itself has it whole


def consequence(action: Action, facts: Sequence[AssetFacts], exposures: Sequence[Mapping[str, Any]]) -> str:
    """A few sentences; ``exposures`` are the open ones of the alert's assets, see Exposures.open_on."""
    entry = CATALOGUE[action.action]
    sentences = [entry.stops.replace("{target}", action.target[:SHOWN])]
    if entry.targets:
        sentences += [_about(asset) for asset in facts] or ["The asset list does not know it."]
        sentences += _exposed(action, facts, exposures)
    hours = action.parameters.get("hours")
    if entry.undo and hours:
        sentences.append(f"It ends by itself after {hours} hour{'' if hours == 1 else 's'}.")
    elif entry.undo:
        sentences.append("It can be undone.")
    elif action.destructive:
        sentences.append("It cannot be undone from here.")
    return " ".join(sentences)


def _about(asset: AssetFacts) -> str:
    parts = [f"{asset.entity_name} is {_article(asset.role)}" if asset.role else f"{asset.entity_name} is known"]
    parts[0] += f" of {asset.criticality} criticality"
    used = [
        _counted(names, one)
        for names, one in ((asset.normal_services, "service"), (asset.normal_admin_users, "administrator"))
        if names
    ]
    if used:
        parts.append(f"it is used by {' and '.join(used)}")
    if asset.owner:
        parts.append(f"its owner is {asset.owner}")
    return f"{'; '.join(parts)}."


def _article(role: str) -> str:
    words = role.replace("_", " ")
    return f"{'an' if words[:1].casefold() in 'aeiou' else 'a'} {words}"


def _counted(names: Sequence[str], one: str) -> str:
    more = ", ..." if len(names) > NAMED else ""
    return f"{len(names)} {one}{'' if len(names) == 1 else 's'} ({', '.join(names[:NAMED])}{more})"


def _exposed(action: Action, facts: Sequence[AssetFacts], exposures: Sequence[Mapping[str, Any]]) -> list[str]:
    names = {action.target.casefold(), *(asset.entity_name.casefold() for asset in facts)}
    found = [one for one in exposures if str(one.get("asset_id", "")).casefold() in names]
    if not found:
        return []
    worst = max(found, key=lambda one: float(one.get("ctem_score") or 0))
    harm = (
        f", which may cause {str(worst['physical_consequence']).replace('_', ' ')}"
        if worst.get("physical_consequence") not in {None, "", "none"}
        else ""
    )
    return [
        f"It has {len(found)} open exposure{'' if len(found) == 1 else 's'}, the worst {worst.get('severity')}{harm}."
    ]
