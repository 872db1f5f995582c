"""Statistics as Prometheus reads them."""

from datetime import UTC, datetime

from shared.api.metrics import exposition
from shared.contracts.statistics import (
    Agreement,
    Backlog,
    CaseStatistics,
    ModelStatus,
    Platform,
    QueueLag,
    Spend,
    Statistics,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def statistics(backlog: Backlog, agreement: Agreement, model: ModelStatus) -> Statistics:
    cases = CaseStatistics(
        open=[],
        newest=1,
        newest_since=NOW,
        closed=1,
        failed=0,
        verdicts_by_row={'row "5"\n': 1},
        agreement=agreement,
    )
    spend = Spend(month="2026-11", spent_usd=1.5, soft_limit_usd=500, hard_limit_usd=1000)
    return Statistics(at=NOW, cases=cases, platform=Platform(backlog=backlog, model=model, spend=spend))


def test_every_family_has_its_help_and_type_and_labels_are_escaped() -> None:
    lag = QueueLag(topic="alerts.raw", group="aluskort.entity-parser", waiting=3)
    backlog = Backlog(outbox=2, outbox_oldest_at=NOW, queues=[lag], dead_letters={"alerts.raw.dlq": 1})
    model = ModelStatus(provider="anthropic", state="down", breaker="open")
    text = exposition(statistics(backlog, Agreement(agreed=3, differed=1), model), tenant="t")
    lines = text.splitlines()
    named = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    assert named == {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}
    assert named == {line.split(" ")[2] for line in lines if line.startswith("# HELP")}
    assert 'aluskort_queue_lag_messages{topic="alerts.raw",group="aluskort.entity-parser"} 3' in lines
    assert 'aluskort_newest_cases{tenant="t",row="row \\"5\\"\\n"} 1' in lines
    assert 'aluskort_agreement_ratio{tenant="t"} 0.75' in lines
    assert 'aluskort_model_up{provider="anthropic"} 0' in lines
    assert 'aluskort_breaker_state{provider="anthropic",state="open"} 1' in lines
    assert "aluskort_outbox_messages 2" in lines


def test_what_was_not_measured_is_absent_instead_of_zero() -> None:
    backlog = Backlog(outbox=0, outbox_oldest_at=None, queues=None, dead_letters=None)
    model = ModelStatus(provider="foundry", state="unknown", breaker="unknown")
    text = exposition(statistics(backlog, Agreement(), model), tenant="t")
    for name in ("queue_lag", "dead_letters", "agreement_ratio", "model_up", "breaker_state"):
        assert f"aluskort_{name}" not in text
