"""The deployment package of this checkout, built once a run, and an environment with nothing but its requirements."""

import hashlib
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from delivery.package import Package, build_package
from local.services.site import CACHE, CHECKOUT


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build_package(CHECKOUT, tmp_path_factory.mktemp("package") / "aluskort.zip", vendored=CACHE / "vendored")


@pytest.fixture(scope="session")
def unpacked(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's own files, without the libraries."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder, [name for name in package.entries if not name.startswith(".python_packages/")])
    return folder


@pytest.fixture(scope="session")
def empty_environment(unpacked: Path) -> Path:
    """The Python of a virtual environment with the package's requirements and the worker's library, no more.

    It is kept in the cache for as long as both stay the same: making it takes half a minute.
    """
    requirements = unpacked / "requirements.txt"
    worker = f"azure-functions-runtime=={version('azure-functions-runtime')}"
    key = hashlib.sha256(requirements.read_bytes() + worker.encode()).hexdigest()[:16]
    folder = CACHE / "empty-environments" / key
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        install = ["install", "--quiet", "--no-compile", "--requirement", str(requirements), worker]
        subprocess.run([*pip, *install], check=True)
        (folder / ".ready").touch()
    return python
