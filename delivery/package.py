"""The deployment package: the product's files and its vendored requirements in one reproducible zip.

Two builds of one commit with one set of wheels give the same bytes: sorted entries, one time stamp, one mode.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from delivery.tree import deployed_files
from delivery.wheels import vendor

SITE_PACKAGES = Path(".python_packages/lib/site-packages")  # where the Functions worker looks first
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
MODE = 0o100644 << 16  # a plain file that everybody may read


@dataclass(frozen=True, slots=True)
class Package:
    """A built package: its file, its entries in order, its size in bytes and its SHA-256 in hex."""

    path: Path
    entries: tuple[str, ...]
    size: int
    sha256: str


def build_package(root: Path, output: Path, *, vendored: Path) -> Package:
    """Write the package of the checkout ``root`` to ``output``.

    ``vendored`` keeps the unpacked wheels between builds, a folder per requirements.txt and way of unpacking.

    :raises ConfigurationError: see :func:`deployed_files` and :func:`vendor`.
    """
    libraries = vendored_libraries(root / "requirements.txt", vendored)
    # the checkout's own .python_packages, which azd takes, may be of other requirements
    files = [(path.as_posix(), root / path) for path in deployed_files(root) if path.parts[0] != SITE_PACKAGES.parts[0]]
    files += [
        ((SITE_PACKAGES / path.relative_to(libraries)).as_posix(), path)
        for path in libraries.rglob("*")
        if path.is_file()
    ]
    output.parent.mkdir(parents=True, exist_ok=True)
    entries = _write(output, files)
    return Package(output, entries, output.stat().st_size, hashlib.sha256(output.read_bytes()).hexdigest())


def vendored_libraries(requirements: Path, vendored: Path) -> Path:
    """Return the folder with the unpacked wheels of ``requirements``, made when it is not in ``vendored``."""
    recipe = Path(__file__).with_name("wheels.py")  # what it leaves out may change too
    folder = vendored / hashlib.sha256(requirements.read_bytes() + recipe.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        vendor(requirements, unfinished)
        unfinished.rename(folder)
    return folder


def _write(output: Path, files: Iterable[tuple[str, Path]]) -> tuple[str, ...]:
    names: list[str] = []
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr = MODE
            entry.create_system = 3  # Unix, on every building machine
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
            names.append(name)
    return tuple(names)
