"""Statistics in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.contracts.statistics import CaseStatistics, Platform, Statistics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]
Family = tuple[str, str, list[Sample]]  # name, what it is, values by labels


def exposition(statistics: Statistics, *, tenant: str) -> str:
    """Every figure; one that was not measured is left out, so that nobody takes it for 0."""
    lines = list[str]()
    families = [
        *_of_cases(statistics.cases, tenant),
        *(_of_platform(statistics.platform) if statistics.platform else []),
    ]
    for name, about, samples in families:
        if samples:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels(labels)} {value:g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _of_cases(cases: CaseStatistics, tenant: str) -> Iterator[Family]:
    of = {"tenant": tenant}
    ages = ("under_15_minutes", "under_4_hours", "older")
    yield (
        "aluskort_open_cases",
        "Open cases by state and time since their last step.",
        [({**of, "state": one.state, "age": age}, getattr(one, age)) for one in cases.open for age in ages],
    )
    yield (
        "aluskort_stuck_cases",
        "Open cases that make no step.",
        [({**of, "state": one.state}, one.stuck) for one in cases.open],
    )
    yield (
        "aluskort_newest_cases",
        f"The newest {cases.newest} cases by the row of the decision table.",
        [({**of, "row": row}, count) for row, count in cases.verdicts_by_row.items()],
    )
    agreement = cases.agreement
    yield (
        "aluskort_dispositions",
        "People's dispositions beside the machine's verdicts, of the newest cases.",
        [({**of, "result": name}, getattr(agreement, name)) for name in _RESULTS],
    )
    rate: list[Sample] = [] if agreement.rate is None else [(of, agreement.rate)]
    yield ("aluskort_agreement_ratio", "Share of comparable dispositions that agree with the verdict.", rate)


_RESULTS = ("agreed", "differed", "machine_abstained", "person_abstained")


def _of_platform(platform: Platform) -> Iterator[Family]:
    backlog, model, spend = platform.backlog, platform.model, platform.spend
    yield ("aluskort_outbox_messages", "Messages that wait to be published.", [({}, backlog.outbox)])
    yield (
        "aluskort_queue_lag_messages",
        "Messages that a group of consumers has not handled.",
        [({"topic": one.topic, "group": one.group}, one.waiting) for one in backlog.queues or []],
    )
    yield (
        "aluskort_dead_letters",
        "Messages that could not be handled and are kept, those sent back included.",
        [({"topic": topic}, count) for topic, count in (backlog.dead_letters or {}).items()],
    )
    known: list[Sample] = (
        [] if model.state == "unknown" else [({"provider": model.provider}, float(model.state == "up"))]
    )
    yield ("aluskort_model_up", "Whether the model's provider answers.", known)
    states = ("closed", "half_open", "open")
    breaker: list[Sample] = [
        ({"provider": model.provider, "state": state}, float(model.breaker == state)) for state in states
    ]
    yield (
        "aluskort_breaker_state",
        "The circuit breaker in front of the model.",
        breaker if model.breaker in states else [],
    )
    amounts = {"spent": spend.spent_usd, "soft": spend.soft_limit_usd, "hard": spend.hard_limit_usd}
    yield (
        "aluskort_model_spend_usd",
        "This month's cost of model calls, and its limits.",
        [({"of": name}, amount) for name, amount in amounts.items()],
    )


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
