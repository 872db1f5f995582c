"""Regular expressions that people write and attackers' text is matched with: RE2, the whole value, in any case."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import re2

logger = logging.getLogger(__name__)


def full_match(expression: str, value: str) -> bool:
    """True when the expression matches all of ``value``; one that RE2 cannot read matches nothing and is logged."""
    compiled = _compiled(expression)
    return compiled is not None and compiled.fullmatch(value) is not None


def is_readable(expression: str) -> bool:
    """Whether RE2 can read it."""
    return _compiled(expression) is not None


@lru_cache(maxsize=10_000)
def _compiled(expression: str) -> Any:
    try:
        return re2.compile(f"(?i:{expression})")
    except re2.error as error:
        logger.warning("The expression %r is not one that RE2 can read, so it matches nothing: %s", expression, error)
        return None
