"""The database refuses what the flow does not have, whoever writes."""

from itertools import product

import psycopg
import pytest

from shared.contracts.investigation import InvestigationState
from shared.investigation.graph import InvestigationGraph
from shared.investigation.transitions import ALLOWED
from tests.conftest import Database
from tests.integration.investigation.test_graph import alert

# The trigger guards each change; here the owner puts a case into the state before.
AS_IF = b"UPDATE investigation_state SET state = %s WHERE investigation_id = %s"
RECORD = b"""
INSERT INTO investigation_transitions
    (investigation_id, tenant_id, step, version, state_before, state_after, agent, reasoning)
VALUES (%s, 't', %s, %s, %s, %s, 'test', '')
"""


async def test_database_refuses_exactly_the_transitions_that_the_flow_does_not_have(
    graph: InvestigationGraph, own_database: Database, tenant: str
) -> None:
    case = (await graph.open(alert(tenant))).investigation_id
    changed, recorded = set(), set()
    with psycopg.connect(own_database.owner_url) as owner:
        for number, (before, after) in enumerate(product(InvestigationState, InvestigationState)):
            with owner.transaction(force_rollback=True):
                owner.execute("ALTER TABLE investigation_state DISABLE TRIGGER investigation_state_transition")
                owner.execute(AS_IF, (before, case))
                owner.execute("ALTER TABLE investigation_state ENABLE TRIGGER investigation_state_transition")
                if refuses(owner, AS_IF, after, case):
                    changed.add((before, after))
                if refuses(owner, RECORD, case, f"step-{number}", number + 100, before, after):
                    recorded.add((before, after))
        owner.rollback()
    allowed = {(before, after) for before, following in ALLOWED.items() for after in following}
    everything = set(product(InvestigationState, InvestigationState))
    assert recorded == everything - allowed
    assert changed == recorded - {(state, state) for state in InvestigationState}  # that changes nothing


def refuses(owner: psycopg.Connection, statement: bytes, *values: object) -> bool:
    try:
        with owner.transaction():
            owner.execute(statement, values)
    except psycopg.errors.CheckViolation:
        return True
    return False


async def test_refusal_names_the_case_and_both_states(
    graph: InvestigationGraph, own_database: Database, tenant: str
) -> None:
    case = (await graph.open(alert(tenant))).investigation_id
    with (
        psycopg.connect(own_database.owner_url) as owner,
        pytest.raises(
            psycopg.errors.CheckViolation, match=f"investigation {case} in state received cannot become closed"
        ),
    ):
        owner.execute(AS_IF, ("closed", case))
