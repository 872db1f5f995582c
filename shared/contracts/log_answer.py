"""What a tenant's logs answered to one question of the catalogue (design §8.18)."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.contract import KEPT, Contract


class LogAnswer(Contract):
    """``rows`` hold texts by column, none when nothing was found; times are ISO 8601 UTC.

    ``cut`` says why there may be more rows, ``problem`` why the logs were not asked or did not answer.
    """

    model_config = KEPT

    question: str
    means: str = ""  # what a row speaks for
    first: str = ""  # the window that was asked about
    last: str = ""
    rows: list[dict[str, str | list[str]]] = Field(default_factory=list)
    cut: str = ""
    problem: str = ""
