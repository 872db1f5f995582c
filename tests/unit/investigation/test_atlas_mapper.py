"""What the words of an alert speak of is a hint where it names no technique, and nothing goes by it."""

import pytest

from shared.contracts.investigation import GraphState
from shared.investigation.agents.atlas_mapper import ATLASMapperAgent
from shared.investigation.evidence import context_view


@pytest.mark.parametrize(
    ("named", "mapped", "hint"),
    [
        ([], [], ["T1505.003 Web Shell"]),
        (["T9999"], [], ["T1505.003 Web Shell"]),
        (["T1190"], ["T1190"], None),
    ],
    ids=["none", "an unknown one", "a known one"],
)
async def test_words_are_a_hint_where_the_alert_names_no_known_technique(
    named: list[str], mapped: list[str], hint: list[str] | None
) -> None:
    state = GraphState.model_validate(
        {"investigation_id": "i", "tenant_id": "t", "alert_title": "Web shell detected", "techniques": named}
    )
    after = await ATLASMapperAgent().execute(state)
    assert [item["technique_id"] for item in after.atlas_techniques] == mapped
    assert context_view(after).get("techniques_by_words") == hint
    assert (hint is not None) == ("speak of" in after.decision_chain[-1].reasoning)
