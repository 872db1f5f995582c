"""The docs say only what is there: alerts, commands, files, and diagrams that a reader can draw."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cli.app import app
from cli.deployment.azure import PROVIDERS
from shared.hunting.catalogue import catalogue
from shared.hunting.page import table

ROOT = Path(__file__).parents[3]
PAGES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "iac/modules/alerting/alerts.yaml").read_text("utf-8"))
RUNBOOK = PAGES["operations-runbook.md"]

SECTIONS = ("**Meaning.**", "**Check.**", "**Causes.**", "**Action.**", "**Escalate.**")
DIAGRAMS = ("flowchart", "sequenceDiagram", "stateDiagram-v2")
SEVERITY = re.compile(r"^Severity ([0-4])\b", re.MULTILINE)
QUOTED_COMMAND = re.compile(r"(?<![\w=/.-])aluskort ([a-z]+(?:-[a-z]+)*)\b(?: ([a-z]+(?:-[a-z]+)*)\b)?")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def alert_sections() -> dict[str, str]:
    parts = re.split(r"^### (Aluskort\w+)$", RUNBOOK, flags=re.MULTILINE)
    return {
        name: re.split(r"^##", text, flags=re.MULTILINE)[0] for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_of(page: str) -> str:
    """What a reader would type: fenced blocks that are no diagram, and inline code."""
    blocks = [text for language, text in FENCE.findall(page) if language != "mermaid"]
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", FENCE.sub("", page))])


def test_runbook_has_each_alert_once_and_no_other() -> None:
    headings = re.findall(r"^### (Aluskort\w+)$", RUNBOOK, flags=re.MULTILINE)
    assert headings == list(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_every_section_in_order(name: str) -> None:
    text = alert_sections()[name]
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_the_severity_of_its_rule(name: str) -> None:
    assert SEVERITY.findall(alert_sections()[name]) == [str(ALERTS[name]["severity"])]


@pytest.mark.parametrize("page", PAGES)
def test_page_quotes_only_commands_that_exist(page: str) -> None:
    commands = getattr(get_command(app), "commands", {})
    for command, subcommand in QUOTED_COMMAND.findall(code_of(PAGES[page])):
        assert command in commands, f"{page} names `aluskort {command}`"
        if subcommand:
            assert subcommand in commands[command].commands, f"{page} names `aluskort {command} {subcommand}`"


@pytest.mark.parametrize("page", PAGES)
def test_page_links_to_files_and_headings_that_exist(page: str) -> None:
    for target in LINK.findall(FENCE.sub("", PAGES[page])):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / "docs" / file) if file else ROOT / "docs" / page
        assert path.exists(), f"{page} links to {target}"
        if anchor:
            assert anchor in anchors(path.read_text("utf-8")), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_page_closes_its_fences_and_starts_each_diagram_with_its_kind(page: str) -> None:
    assert len(re.findall(r"^```", PAGES[page], flags=re.MULTILINE)) % 2 == 0
    for language, text in FENCE.findall(PAGES[page]):
        if language == "mermaid":
            assert text.split()[0] in DIAGRAMS


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"README.md"}))
def test_index_lists_page(page: str) -> None:
    assert f"]({page})" in PAGES["README.md"]


def test_deployment_registers_the_providers_that_the_preflight_asks_for() -> None:
    (named,) = re.findall(r"^for p in (.*?); do$", PAGES["deployment.md"], flags=re.MULTILINE | re.DOTALL)
    assert {f"Microsoft.{name}" for name in named.replace("\\", "").split()} == set(PROVIDERS)


def test_architecture_names_every_function() -> None:
    sources = "".join(path.read_text("utf-8") for path in sorted((ROOT / "functions").glob("*.py")))
    names = re.findall(r'function_name\("(\w+)"\)', sources)
    assert [name for name in names if not re.search(rf"`{name}`", PAGES["architecture.md"])] == []


def test_page_of_log_questions_has_the_catalogue_of_this_checkout() -> None:
    assert table(catalogue().values()) in PAGES["log-questions.md"]
