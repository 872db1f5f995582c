"""ATLAS-DETECT-004: what a node's model is shown makes it unsure, slow, or wrong by the laws of physics."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, host, names_of, resource
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, mean_z, share_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by node, and one of the fleet when several nodes have one cause."""
    limits = question.limits
    documented = [_documented(row, limits) for row in await question.rows(_SQL["inferences_by_node"])]
    repaired = [_significant(row, limits) for row in await question.rows(_SQL["inferences_by_model"])]
    return [*documented, *repaired, *_fleet(documented, limits), *_fleet(repaired, limits)]


def _state(row: Row, limits: Limits) -> BaselineState:
    enough = row["n_baseline"] >= limits["baseline_rows"]
    return baseline_of(row["n_baseline"], row["observed_hours"] if enough else 0, limits["baseline_hours"])


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = _state(row, limits)
    compared = baseline is BaselineState.OK
    spread = row["baseline_spread"] or 0.0
    z = (row["mean_confidence"] - row["baseline_confidence"]) / spread if compared and spread else 0.0
    slower = row["mean_latency"] - row["baseline_latency"] if compared else 0.0
    rate = row["fails"] / row["n"]
    triggers = names_of({
        "z_score": z < limits["z_score"], "fail_rate": rate > limits["fail_rate"],
        "latency_increase": slower > limits["latency_increase_ms"],
    })  # fmt: skip
    return Finding(
        subject=row["edge_node_id"],
        triggers=triggers,
        confidence=min(0.95, 0.6 + abs(z) / 10),
        sentence=f"Mean confidence of {row['n']} inferences is {z:+.1f} standard deviations off, {rate:.0%} fail the "
        f"physics check, {slower:+.0f} ms latency.",
        evidence=_evidence(row, z_score=z, fail_rate=rate, latency_increase_ms=slower),
        entities=_entities(row),
        baseline=baseline,
    )


def _significant(row: Row, limits: Limits) -> Finding:
    """The mean against its own standard error and an effect that matters; failures against the node's usual share."""
    baseline = _state(row, limits)
    compared = baseline is BaselineState.OK and row["n"] >= limits["least_rows"]
    least = limits["least_spread"]
    z = mean_z(row["mean_confidence"], row["n"], row["baseline_confidence"], row["baseline_spread"], least=least)
    drop = (row["baseline_confidence"] or 0.0) - row["mean_confidence"]
    effect = drop / max(row["baseline_spread"] or 0.0, least)
    more = row["fails"] / row["n"] - row["baseline_fails"] / max(row["n_baseline"], 1)
    fail_z = share_z(row["fails"], row["n"], row["baseline_fails"], row["n_baseline"])
    triggers = names_of({
        "confidence_drop": compared and z < -limits["mean_z"] and effect > limits["effect"],
        "failures": compared and fail_z > limits["fail_z"] and more > limits["fail_increase"],
    })  # fmt: skip
    return Finding(
        signal="rec",
        subject=row["edge_node_id"],
        triggers=triggers,
        confidence=min(0.95, 0.7 + max(-z, fail_z) / 100),
        sentence=f"Confidence fell by {effect:.1f} standard deviations over {row['n']} inferences, failures rose by "
        f"{more:.1%}.",
        evidence=_evidence(row, mean_z=z, effect=effect, fail_z=fail_z, fail_increase=more),
        entities=_entities(row),
        baseline=baseline,
    )


def _fleet(found: list[Finding], limits: Limits) -> list[Finding]:
    struck = [finding for finding in found if finding.triggers]
    if len({finding.subject for finding in struck}) < limits["fleet_nodes"]:
        return []
    nodes = sorted({finding.subject for finding in struck})
    versions = sorted({name for finding in struck for name in finding.evidence["model_versions"]})
    return [
        Finding(
            signal=f"{struck[0].signal}-fleet",
            subject="fleet",
            triggers=("several_nodes",),
            confidence=max(finding.confidence for finding in struck),
            sentence=f"{len(nodes)} nodes at once, as after a model roll-out.",
            evidence={"nodes": nodes[:50], "node_count": len(nodes), "model_versions": versions[:10]},
            entities=[*map(host, nodes[:20]), *(resource("ml-model", name) for name in versions[:5])],
        )
    ]


def _evidence(row: Row, **numbers: float) -> dict[str, object]:
    usual_rate = row["baseline_fails"] / row["n_baseline"] if row["n_baseline"] else None
    kept = {name: row[name] for name in row if name not in {"fails", "baseline_fails"}}
    return kept | numbers | {"baseline_fail_rate": usual_rate}


def _entities(row: Row) -> list[dict[str, object]]:
    return [host(row["edge_node_id"]), *(resource("ml-model", name) for name in row["model_versions"][:5])]
