"""The deployment package: what is in it, that it builds the same twice, and that it is a whole function app."""

import csv
import json
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from delivery.package import Package, build_package
from delivery.wheels import vendor
from shared.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
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


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "shared").mkdir(parents=True)
    (root / ".funcignore").write_text(".funcignore\ntests/\n")
    (root / "requirements.txt").write_text("# none\n")
    (root / "shared" / "b.py").write_text("B = 1\n")
    (root / "function_app.py").write_text("A = 1\n")
    return root


def test_two_builds_of_one_checkout_are_the_same_bytes(small_checkout: Path, tmp_path: Path) -> None:
    first = build_package(small_checkout, tmp_path / "1.zip", vendored=tmp_path / "vendored")
    for path in small_checkout.rglob("*.py"):
        path.touch()
        path.chmod(0o755)
    again = build_package(small_checkout, tmp_path / "2.zip", vendored=tmp_path / "vendored")
    assert first.entries == ("function_app.py", "requirements.txt", "shared/b.py")
    assert (first.sha256, first.path.read_bytes()) == (again.sha256, again.path.read_bytes())


def test_another_content_is_another_digest(small_checkout: Path, tmp_path: Path) -> None:
    first = build_package(small_checkout, tmp_path / "1.zip", vendored=tmp_path / "vendored")
    (small_checkout / "function_app.py").write_text("A = 2\n")
    assert build_package(small_checkout, tmp_path / "2.zip", vendored=tmp_path / "vendored").sha256 != first.sha256


def test_requirement_without_a_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # no index, so no wheel
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("numpy==1.0.0\n")
    with pytest.raises(ConfigurationError, match=r"numpy==1\.0\.0.*Pin a version that has a wheel"):
        vendor(requirements, tmp_path / "libraries")
