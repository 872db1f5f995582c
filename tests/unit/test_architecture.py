"""The house's rules that a reader would otherwise have to trust (design §2, §7); import-linter holds the layers."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "functions", "durable")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path
    for folder in (*PRODUCT, "cli", "delivery", "local", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
LONGEST = 400  # lines


def imported(source: str) -> set[str]:
    """Every module that a source imports, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports_any(source: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imported(source) for package in packages)


def reads_environment(source: str) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            used |= {alias.name for alias in node.names}
    return bool(names & used)


def modules_in(*folders: str) -> Iterator[tuple[str, str]]:
    for name, path in SOURCES.items():
        if name.startswith(tuple(f"{folder}/" for folder in folders)):
            yield name, path.read_text()


@pytest.mark.parametrize(
    "source",
    [
        "import azure.functions as func",
        "from azure import functions",
        "from azure.functions import Blueprint",
        "def f():\n    import azure.functions.kafka",
    ],
)
def test_the_scan_sees_every_form_of_import(source: str) -> None:
    assert imports_any(source, "azure.functions")
    assert not imports_any("import azure.functionsx\nfrom azure.storage import blob", "azure.functions")


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ as e"]
)
def test_the_scan_sees_every_reading_of_the_environment(source: str) -> None:
    assert reads_environment(source)


def test_shared_knows_neither_the_platform_nor_its_callers() -> None:
    forbidden = ("azure.functions", "azure.durable_functions", "functions", "durable", "cli", "local")
    assert [name for name, source in modules_in("shared") if imports_any(source, *forbidden)] == []


def test_only_the_gateway_imports_the_model_client() -> None:
    users = {name for name, source in modules_in(*PRODUCT, "local") if imports_any(source, "anthropic")}
    assert users
    assert [name for name in users if not name.startswith(("shared/gateway/", "local/simulators/"))] == []


def test_only_settings_read_the_environment() -> None:
    readers = [name for name, source in modules_in(*PRODUCT) if reads_environment(source)]
    assert [name for name in readers if name != "shared/settings.py"] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in SOURCES.items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_package_says_in_one_to_three_lines_what_it_owns() -> None:
    folders = {path.parent for name, path in SOURCES.items() if not name.startswith("tests/")}
    silent = []
    for folder in folders:
        package = folder / "__init__.py"
        text = ast.get_docstring(ast.parse(package.read_text())) if package.exists() else None
        if not text or len(text.splitlines()) > 3:
            silent.append(folder.relative_to(ROOT).as_posix())
    assert silent == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [name for name, path in SOURCES.items() if path.stem in nothing or path.parent.name in nothing] == []


# What decides, hashes, reads or redacts needs no store, no bus and no client, and says so by what it imports.
PURE = (
    "cli.app",  # a command imports what it needs when it runs, so that --help does not wait for it
    "shared.access.tokens",
    "shared.audit.chain",
    "shared.audit.verifier",
    "shared.contracts.outside_text",
    "shared.gateway.injection",
    "shared.gateway.redaction",
    "shared.hunting.choosing",
    "shared.investigation.decision",
    "shared.investigation.flow",
    "shared.investigation.transitions",
    "shared.parsing.entities",
    "shared.routing.router",
)
DRIVERS = ("psycopg", "redis", "qdrant_client", "aiokafka", "azure", "anthropic", "fastapi")
LOADED = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(list(sys.modules)))"


@pytest.mark.parametrize("module", PURE)
def test_pure_module_loads_no_driver(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, module], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    assert [name for name in json.loads(done.stdout) if name in DRIVERS] == []
