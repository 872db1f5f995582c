import json
from pathlib import Path
from typing import Any

import pytest

from delivery.plan import SHOWN, Plan, read_plan
from shared.errors import InvalidInput


def plan_of(folder: Path, *changes: tuple[str, list[str]]) -> Plan:
    document = {
        "format_version": "1.2",
        "resource_changes": [
            {"address": address, "change": {"actions": actions, "after": {"password": "hunter2"}}}
            for address, actions in changes
        ],
    }
    return read_plan(written(folder, document))


def written(folder: Path, document: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    return path


def test_what_is_destroyed_comes_first_and_stands_out(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        ("azurerm_a.created", ["create"]),
        ("azurerm_a.kept", ["no-op"]),
        ("azurerm_a.read", ["read"]),
        ("azurerm_a.replaced", ["create", "delete"]),
        ("azurerm_a.gone", ["delete"]),
    )
    text = plan.markdown("prod")
    assert text.splitlines()[2] == "1 to destroy, 1 to replace: destroy and create, 1 to create."
    assert text.splitlines()[6:9] == [
        "| **destroy** | `azurerm_a.gone` |",
        "| **replace: destroy and create** | `azurerm_a.replaced` |",
        "| create | `azurerm_a.created` |",
    ]


def test_values_never_reach_the_comment(tmp_path: Path) -> None:
    assert "hunter2" not in plan_of(tmp_path, ("azurerm_a.b", ["update"])).markdown("dev")


def test_address_cannot_leave_its_cell(tmp_path: Path) -> None:
    text = plan_of(tmp_path, ('azurerm_a.b["x`|\n## approved"]', ["create"])).markdown("dev")
    assert '| create | `azurerm_a.b["x\'\\| ## approved"]` |' in text.splitlines()


def test_plan_without_changes_says_so(tmp_path: Path) -> None:
    assert "Nothing changes." in plan_of(tmp_path, ("azurerm_a.b", ["no-op"])).markdown("dev")


def test_digest_is_of_the_changes_whatever_their_order(tmp_path: Path) -> None:
    one, two = ("azurerm_a.one", ["create"]), ("azurerm_a.two", ["delete"])
    assert plan_of(tmp_path, one, two).digest == plan_of(tmp_path, two, one, ("x.y", ["no-op"])).digest
    assert plan_of(tmp_path, one).digest != plan_of(tmp_path, ("azurerm_a.one", ["update"])).digest


def test_thousands_of_changes_fit_a_comment(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, *[(f"module.{'m' * 80}.azurerm_a.b[{i}]", ["create"]) for i in range(5000)])
    text = plan.markdown("dev")
    assert len(text) < 65_536
    assert f"and {5000 - SHOWN} more" in text


@pytest.mark.parametrize("document", ["{", "[]", "null", "{}", '{"format_version":"1.2","resource_changes":[{}]}'])
def test_what_is_no_plan_is_refused_with_the_command_that_makes_one(tmp_path: Path, document: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(document)
    with pytest.raises(InvalidInput, match="terraform show -json PLAN"):
        read_plan(path)


def test_unknown_action_is_refused_by_name(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": {"actions": ["import"]}}]},
    )
    with pytest.raises(InvalidInput, match=r"a\.b\.change\.actions: got \"\['import'\]\""):
        read_plan(path)
