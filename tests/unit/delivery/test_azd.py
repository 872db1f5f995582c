"""azure.yaml names folders and programs that are there; azd itself cannot run here."""

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text())


def test_azd_deploys_the_one_function_app_without_remote_build() -> None:
    (api,) = PROJECT["services"].values()
    assert (api["host"], api["language"], api["remoteBuild"]) == ("function", "python", False)
    assert (ROOT / api["project"] / "host.json").is_file()


def test_azd_provisions_with_terraform() -> None:
    assert PROJECT["infra"] == {"provider": "terraform", "path": "iac"}


def test_hooks_run_programs_that_are_there() -> None:
    (api,) = PROJECT["services"].values()
    scripts = {word for hook in api["hooks"].values() for word in hook["run"].split() if word.startswith("delivery/")}
    assert scripts == {"delivery/azd-environment.sh"}
    assert all((ROOT / script).stat().st_mode & 0o100 for script in scripts)


def test_azd_finds_its_variables_and_its_state() -> None:
    for name in ("main.tfvars.json", "provider.conf.json"):
        assert json.loads((ROOT / PROJECT["infra"]["path"] / name).read_text())
