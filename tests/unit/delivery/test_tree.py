from pathlib import Path

import pytest

from delivery.tree import deployed_files
from shared.errors import ConfigurationError


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


@pytest.mark.parametrize(
    "secret", ["local.settings.json", ".env", ".env.prod", "local/.env", ".azure/prod/.env", "iac/terraform.tfstate"]
)
def test_secrets_of_a_developer_are_never_deployed(tmp_path: Path, secret: str) -> None:
    (tmp_path / ".funcignore").write_text((Path(__file__).parents[3] / ".funcignore").read_text())
    make(tmp_path, "function_app.py", secret)
    assert deployed_files(tmp_path) == [Path("function_app.py")]
