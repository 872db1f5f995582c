"""The command for the catalogue of questions to the logs: ``questions``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.screen import AsJson, say


def questions(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="One question, with its query; all when left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what investigations may ask a tenant's logs, as a table in Markdown."""
    from shared.errors import NotFound
    from shared.hunting.catalogue import catalogue
    from shared.hunting.page import one, table

    found = catalogue()
    if name and name not in found:
        raise NotFound(f"there is no question {name!r}; `aluskort questions` lists them")
    text = one(found[name]) if name else table(found.values())
    chosen = [found[name]] if name else found.values()
    say(text, [question.model_dump(mode="json", exclude={"fixtures"}) for question in chosen], as_json=as_json)
