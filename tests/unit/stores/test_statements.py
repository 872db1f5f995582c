"""Named statements, and that every domain's file is well formed."""

from pathlib import Path

import pytest

from shared.stores.statements import statements

SHARED = Path(__file__).parents[3] / "shared"
FILES = [path for path in sorted(SHARED.rglob("*.sql")) if path.parent.name != "migrations"]


def test_statements_are_read_by_name(tmp_path: Path) -> None:
    file = tmp_path / "things.sql"
    file.write_text(
        "-- about things\n-- name: find\nSELECT 1\n-- a reason\nFROM t\n\n-- name: drop_all\nDELETE FROM t\n"
    )
    assert dict(statements(file)) == {"find": "SELECT 1\n-- a reason\nFROM t", "drop_all": "DELETE FROM t"}


def test_statements_cannot_be_changed(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("-- name: one\nSELECT 1\n")
    with pytest.raises(TypeError):
        statements(tmp_path / "x.sql")["one"] = "SELECT 2"  # type: ignore[index]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SHARED).as_posix())
def test_every_statement_has_its_own_name_and_is_used_beside_its_file(path: Path) -> None:
    text = path.read_text()
    found = statements(path)
    assert len(found) == text.count("-- name: ")
    assert "" not in found.values()
    callers = "".join(module.read_text() for module in path.parent.glob("*.py"))
    assert [name for name in found if f'"{name}"' not in callers] == []
