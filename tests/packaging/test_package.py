"""The deployment package of this checkout: what is in it, and that it is a whole function app."""

import csv
import json
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from delivery.package import Package

ROOT = Path(__file__).parents[2]
LIBRARIES = ".python_packages/lib/site-packages/"
INDEX = Path(__file__).with_name("index_app.py")
MESSAGES = ROOT / "local" / "host" / "messages.py"


def index(python: Path, app: Path, *options: str) -> Any:
    done = subprocess.run(
        [str(python), "-W", "error", *options, str(INDEX), str(MESSAGES), str(app)],
        cwd=app,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tracked(*folders: str) -> set[str]:
    done = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def test_package_holds_the_app_its_requirements_and_nothing_else(package: Package) -> None:
    assert {name.partition("/")[0] for name in package.entries} == {
        *("function_app.py", "host.json", "requirements.txt", "LICENSE"),
        *("functions", "durable", "shared", ".python_packages"),
    }


def test_package_holds_every_file_of_the_product(package: Package) -> None:
    assert tracked("functions", "durable", "shared") <= set(package.entries)


def test_package_holds_no_scripts_and_no_tests_of_libraries(package: Package) -> None:
    assert not [name for name in package.entries if "tests" in Path(name).parts]
    assert not [name for name in package.entries if name.startswith(f"{LIBRARIES}bin/")]


def test_libraries_are_compiled_for_whatever_time_their_files_have(package: Package) -> None:
    compiled = {name for name in package.entries if name.endswith(".pyc")}
    sources = {name for name in package.entries if name.startswith(LIBRARIES) and name.endswith(".py")}
    assert len(compiled) > 0.99 * len(sources)
    with zipfile.ZipFile(package.path) as archive:
        # PEP 552: the magic number, then the flags: 1 is a hash that nobody checks
        assert {archive.read(name)[4:8] for name in compiled} == {(1).to_bytes(4, "little")}


def test_vendored_libraries_are_exactly_the_pinned_ones(package: Package) -> None:
    pins = {
        line.partition(" ")[0].replace("-", "_").lower()
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    folders = {name.removeprefix(LIBRARIES).partition("/")[0] for name in package.entries if LIBRARIES in name}
    vendored = {
        folder.removesuffix(".dist-info").replace("-", "==").lower()
        for folder in folders
        if folder.endswith(".dist-info")
    }
    assert vendored == pins


def test_vendored_machine_code_is_for_the_machines_of_azure(package: Package) -> None:
    compiled = [name for name in package.entries if name.endswith(".so") and "cpython" in name]
    assert compiled
    assert [name for name in compiled if "cpython-313-x86_64-linux-gnu" not in name] == []


def test_records_of_vendored_libraries_name_only_files_that_are_there(package: Package) -> None:
    entries = set(package.entries)
    with zipfile.ZipFile(package.path) as archive:
        for name in (name for name in entries if name.endswith(".dist-info/RECORD")):
            rows = csv.reader(archive.read(name).decode().splitlines())
            assert {row[0] for row in rows} <= {entry.removeprefix(LIBRARIES) for entry in entries}


def test_package_indexes_in_an_empty_environment_as_the_checkout_does(unpacked: Path, empty_environment: Path) -> None:
    here = index(Path(sys.executable), ROOT)
    there = index(empty_environment, unpacked, "-I")
    assert {function["name"] for function in here} >= {"ingest_sentinel", "investigate", "api"}
    assert there == here


def test_empty_environment_has_what_the_package_has_and_the_worker(package: Package, empty_environment: Path) -> None:
    (site,) = (empty_environment.parents[1] / "lib").glob("python*/site-packages")
    installed = {f"{found.name}=={found.version}".lower() for found in distributions(path=[str(site)])}
    with zipfile.ZipFile(package.path) as archive:
        vendored = set()
        for name in (name for name in package.entries if name.endswith(".dist-info/METADATA")):
            lines = archive.read(name).decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines[:20] if ": " in line)
            vendored.add(f"{fields['Name']}=={fields['Version']}".lower())
    worker = {"azure-functions-runtime", "azurefunctions-extensions-base"}
    assert {found for found in installed if found.partition("==")[0] not in worker} == vendored
