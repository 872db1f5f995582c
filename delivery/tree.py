"""Which files of a checkout are deployed: those that `.funcignore` lets in, as Core Tools and azd read it.

It denies everything at the root and names the exceptions, so that what a tool leaves beside them is never deployed.
"""

from __future__ import annotations

import os
from pathlib import Path

from pathspec import GitIgnoreSpec

from shared.errors import ConfigurationError

IGNORE_FILE = ".funcignore"


def deployed_files(root: Path) -> list[Path]:
    """Return the files below ``root`` that the package takes, relative to it and sorted.

    :raises ConfigurationError: there is no `.funcignore`, without which everything would be deployed.
    """
    ignore = root / IGNORE_FILE
    if not ignore.is_file():
        raise ConfigurationError(f"{ignore} is missing: without it the package would take the tests and secrets too.")
    spec = GitIgnoreSpec.from_lines(ignore.read_text("utf-8").splitlines())
    found: list[Path] = []
    for folder, subfolders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        # a folder that is left out is not entered: what it holds cannot be taken back in, as in git
        subfolders[:] = [name for name in subfolders if not spec.match_file(f"{(here / name).as_posix()}/")]
        found += [here / name for name in files if not spec.match_file((here / name).as_posix())]
    return sorted(found)
