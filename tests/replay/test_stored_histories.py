"""Each stored history must replay without a difference: instances in flight survive the deployment of this code.

A file comes from ``python -m local.taskhub.export`` (see there). When an orchestrator must decide differently, give it
a new name or version, keep the old code until its instances have ended, then delete their files.
"""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from local.services.site import CHECKOUT
from local.taskhub import replay_differences
from local.taskhub.export import read_history

HISTORIES = sorted((Path(__file__).parent / "histories").glob("**/*.json"))


@cache
def handles(module: str) -> dict[str, Any]:
    """The SDK's handles of the module's blueprint ``blueprint`` by name; a blueprint is indexed once per app."""
    app = df.DFApp()
    app.register_functions(importlib.import_module(module).blueprint)
    return {function.get_function_name(): function.get_user_function() for function in app.get_functions()}


@pytest.mark.filterwarnings("ignore:azure.functions df_loads was called without expected_type")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_stored_history_replays_without_a_difference(path: Path) -> None:
    module, history = read_history(path)
    assert replay_differences(history, handles(module)[history[1]["Name"]]) == []


def test_the_version_that_new_instances_get_has_stored_histories() -> None:
    current = json.loads((CHECKOUT / "host.json").read_text())["extensions"]["durableTask"]["defaultVersion"]
    assert current in {read_history(path)[1][1]["Version"] for path in HISTORIES}
