"""Model registry and pipelines: new versions with their approval, lock file refreshes, pages without tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from local.telemetry.calendar import Day, Rhythm, as_times, at_random, microseconds
from local.telemetry.deployments import Deployment, deployment, version_at_start, weights
from local.telemetry.site import MODELS, Site, digest
from local.telemetry.tables import Block, block

PIPELINES = ("api", "portal", "assistant", *(f"model-{model}" for model in MODELS))
BUILDS_A_DAY = 24
DEPENDENCIES = ("requests 2.32.5 -> 2.33.0", "numpy 2.4.1 -> 2.5.0", "fastapi 0.164 -> 0.165", "orjson 3.12 -> 3.13")
REFRESH = 0.15  # of the builds: with new versions of dependencies
NO_COUNTS = 0.04  # of the builds: the exporter does not give the counts of tests
FAILED = 0.12  # of the builds: some tests fail


def delivery(site: Site, day: Day) -> Iterator[Block]:
    """``model_registry`` and ``cicd_audit``."""
    for model in MODELS:
        found = deployment(site, model, day)
        if found:
            yield from _released(site, day, found)
    yield _builds(site, day)
    yield _pages(site, day)


def events(site: Site, rows: list[dict[str, object]]) -> Block:
    """Rows of the registry, each with its time ``at`` in microseconds."""
    ts = np.array([row["at"] for row in rows], dtype=np.int64).astype("datetime64[us]")
    names = ("user_id", "action", "model_name", "model_version", "model_hash", "stage", "approved_by")
    return block("model_registry", site.tenant_id, ts, **{name: [row[name] for row in rows] for name in names})


def _released(site: Site, day: Day, new: Deployment) -> Iterator[Block]:
    random = site.random("release", new.model, new.version, day.date.toordinal())
    author, approver = random.choice([person.name for person in site.engineers], 2, replace=False)

    def event(at: timedelta, action: str, stage: str | None, **other: object) -> dict[str, object]:
        return {
            "at": microseconds(new.at + at),
            "user_id": str(author),
            "action": action,
            "model_name": new.model,
            "model_version": str(new.version),
            "model_hash": weights(site, new.model, new.version),
            "stage": stage,
            "approved_by": None,
            **other,
        }

    rows = [
        event(timedelta(hours=-3), "register", None),
        event(timedelta(hours=-2), "stage_transition", "staging"),
        event(timedelta(0), "stage_transition", "production", approved_by=str(approver)),
        event(
            timedelta(minutes=2), "deploy", "production", user_id=site.account("svc-mlops"), approved_by=str(approver)
        ),
    ]
    if new.rolled_back:  # the health check failed: the old version is back within minutes, and nobody is asked
        old = version_at_start(site, new.model, day)
        rows.append(
            event(
                *(timedelta(minutes=8), "stage_transition", "production"),
                user_id=site.account("svc-mlops"),
                model_version=str(old),
                model_hash=weights(site, new.model, old),
            )
        )
    else:
        rows.append(
            event(
                timedelta(hours=2),
                "stage_transition",
                "archived",
                model_version=str(new.version - 1),
                model_hash=weights(site, new.model, new.version - 1),
            )
        )
    yield events(site, rows)


def _builds(site: Site, day: Day) -> Block:
    random = site.random("builds", day.date.toordinal())
    ts = at_random(random, day, BUILDS_A_DAY, Rhythm.OFFICE)
    count = len(ts)
    passed = random.integers(150, 900, count).astype(object)
    failed = np.where(random.random(count) < FAILED, random.integers(1, 6, count), 0).astype(object)
    missing = random.random(count) < NO_COUNTS
    passed[missing] = failed[missing] = None
    changes = np.where(random.random(count) < REFRESH, random.choice(DEPENDENCIES, count), "").astype(object)
    changes[(failed != 0) & ~missing] = ""  # a failing refresh is mended before it is merged
    return block(
        "cicd_audit",
        site.tenant_id,
        ts,
        pipeline_id=random.choice(PIPELINES, count).astype(object),
        trigger_type=random.choice(("push", "schedule", "manual"), count, p=(0.8, 0.15, 0.05)).astype(object),
        commit_hash=[digest(site.name, site.seed, one)[:40] for one in ts.astype(np.int64).tolist()],
        dependency_changes=changes,
        tests_passed=passed,
        tests_failed=failed,
        deployer=random.choice([person.name for person in site.engineers], count).astype(object),
    )


def _pages(site: Site, day: Day) -> Block:
    """The site of documents: no tests at all, and once a fortnight its tools are renewed."""
    random = site.random("pages", day.date.toordinal())
    renewed = random.random() < 1 / 14
    ts = as_times(np.array([day.start_us + 7 * 3_600_000_000]))
    return block(
        "cicd_audit",
        site.tenant_id,
        ts,
        pipeline_id="documents",
        trigger_type="schedule",
        commit_hash=digest(site.name, site.seed, "pages", day.date.toordinal())[:40],
        dependency_changes="mkdocs 1.7.0 -> 1.7.1" if renewed else "",
        tests_passed=0,
        tests_failed=0,
        deployer=site.account("svc-pages"),
    )
