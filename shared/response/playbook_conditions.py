"""When a playbook may act without a person: conditions that a person wrote, matched by code (design §8.15)."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.batch import EntityPattern
from shared.contracts.contract import Contract
from shared.contracts.entity import AlertEntities
from shared.contracts.expression import full_match


class PlaybookConditions(Contract):
    """All of them must hold. Expressions are RE2 and match a whole value in any case.

    ``entities`` names every kind of entity that the alert may hold, with the values that are expected: an entity of
    another kind, or another value, is one that whoever wrote the playbook did not think of.
    """

    products: list[str] = Field(min_length=1)
    rules: list[str] = Field(min_length=1)  # expressions for the alert's title, which is the rule's name
    entities: list[EntityPattern] = Field(min_length=1)

    def unmet(self, *, product: str, rule: str, entities: AlertEntities) -> list[str]:
        """Which conditions the alert does not meet, as a person reads them; never the alert's own words."""
        found = []
        if product.casefold() not in {name.casefold() for name in self.products}:
            found.append("the playbook was not written for this product")
        if not any(full_match(expression, rule) for expression in self.rules):
            found.append("the playbook was not written for this rule")
        if entities.losses:
            found.append("some of the entities could not be read")
        if not any(True for _ in entities.all()):
            found.append("the alert names no entity")
        unexpected = {
            entity.entity_type.value
            for entity in entities.all()
            if not any(
                wanted.type == entity.entity_type and full_match(wanted.value_regex, entity.primary_value)
                for wanted in self.entities
            )
        }
        if unexpected:
            found.append(f"the playbook was not written for these entities ({', '.join(sorted(unexpected))})")
        return found
