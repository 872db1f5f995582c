"""Builds of a small checkout without requirements; tests/packaging builds the product's."""

from pathlib import Path

import pytest

from delivery.package import build_package
from delivery.wheels import vendor
from shared.errors import ConfigurationError


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "shared").mkdir(parents=True)
    (root / ".funcignore").write_text("/*\n!/function_app.py\n!/requirements.txt\n!/shared/\n")
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
