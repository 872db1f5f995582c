"""The named statements of statements.sql."""

from __future__ import annotations

import re
from pathlib import Path
from typing import LiteralString

HERE = Path(__file__).parent
# mypy takes LiteralString for str; psycopg asks for it, and these files are as literal as code.
SCHEMA: LiteralString = (HERE / "schema.sql").read_text("utf-8")
STATEMENTS: dict[str, LiteralString] = dict(
    re.findall(r"^-- name: (\w+)\n(.*?;)$", (HERE / "statements.sql").read_text("utf-8"), re.DOTALL | re.MULTILINE)
)
