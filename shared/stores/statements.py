"""Named SQL: a `.sql` file beside its domain, each statement under a line `-- name: do_something`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def statements(path: Path) -> Mapping[str, LiteralString]:
    """Read a file of named statements. Our own files only: that is why their text may count as literal."""
    parts = _NAME.split(path.read_text())
    return MappingProxyType(
        {name: cast("LiteralString", body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    )
