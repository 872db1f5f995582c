"""azure.yaml names folders, commands and settings that are there; azd itself cannot run here."""

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
