"""Shadow mode as people set and see it: cases are judged, and nothing closes or acts (llm.md §15 row 0)."""

from __future__ import annotations

from pydantic import Field, computed_field

from shared.contracts.contract import Contract


class ShadowModeChange(Contract):
    """Whose cases, and why. ``rule`` is the title of the alerts of one rule; empty means all of the tenant."""

    rule: str = Field(default="", max_length=512, pattern=r"^[^\x00]*$")
    reason: str = Field(min_length=3, max_length=2048)


class ShadowMode(ShadowModeChange):
    """One that is on. ``set_at`` is ISO 8601 UTC."""

    set_by: str
    set_at: str


class ShadowAgreement(Contract):
    """Of the cases that were judged in shadow mode, how people decided them. ``rule`` is the title of its alerts, empty
    for all of the tenant.
    """

    rule: str
    agreed: int
    disagreed: int
    abstained: int  # the verdict or the person did not decide
    undecided: int  # by a person so far

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share(self) -> float | None:
        """Agreed among agreed and disagreed; None when nothing was compared, which is not 0."""
        compared = self.agreed + self.disagreed
        return self.agreed / compared if compared else None
