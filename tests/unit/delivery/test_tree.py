from pathlib import Path

import pytest

from delivery.tree import deployed_files
from shared.errors import ConfigurationError

FUNCIGNORE = Path(__file__).parents[3] / ".funcignore"
PRODUCT = ("LICENSE", "durable/a.py", "function_app.py", "functions/a.py", "host.json", "requirements.txt")


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


def test_patterns_follow_git(tmp_path: Path) -> None:
    (tmp_path / ".funcignore").write_text("# a comment\n.*\ntests/\n/docs\n*.log\n!keep.log\n__pycache__\n")
    make(tmp_path, "function_app.py", "shared/tests/x.py", "shared/docs/x.md", "docs/x.md", "tests/x.py", "a.log")
    make(tmp_path, "keep.log", ".git/config", "shared/__pycache__/x.pyc", "shared/tests.py")
    found = [path.as_posix() for path in deployed_files(tmp_path)]
    assert found == ["function_app.py", "keep.log", "shared/docs/x.md", "shared/tests.py"]


def test_checkout_without_ignore_file_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "function_app.py")
    with pytest.raises(ConfigurationError, match=r"\.funcignore is missing"):
        deployed_files(tmp_path)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A checkout that holds what is deployed, under the product's own .funcignore, and no more."""
    (tmp_path / ".funcignore").write_text(FUNCIGNORE.read_text())
    make(tmp_path, *PRODUCT, "shared/sql/a.sql", ".python_packages/lib/a.py")
    return tmp_path


def test_product_and_its_libraries_are_deployed(product: Path) -> None:
    found = {path.as_posix() for path in deployed_files(product)}
    assert found == {*PRODUCT, "shared/sql/a.sql", ".python_packages/lib/a.py"}


@pytest.mark.parametrize(
    "stray",
    [
        *(".some_cache/data.bin", "cache/data.bin", "coverage.xml", "notes", "host.json.bak", "sub/functions/a.py"),
        *("tests/a.py", "docs/a.md", "local/a.py", "iac/main.tf", "shared/__pycache__/a.pyc"),
    ],
)
def test_stray_file_is_not_deployed(product: Path, stray: str) -> None:
    before = deployed_files(product)
    make(product, stray)
    assert deployed_files(product) == before


@pytest.mark.parametrize(
    "secret",
    [
        *("local.settings.json", ".env", ".env.prod", "local/.env", ".azure/prod/.env", "iac/terraform.tfstate"),
        *("shared/.env", "functions/local.settings.json"),
    ],
)
def test_secrets_of_a_developer_are_never_deployed(product: Path, secret: str) -> None:
    before = deployed_files(product)
    make(product, secret)
    assert deployed_files(product) == before
