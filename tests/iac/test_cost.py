"""docs/cost.md against Terraform's plans: the quantities are those that would be built, and the columns add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.services.site import CHECKOUT
from tests.iac.conftest import Planned

LIMIT_USD = 250  # of dev, a month at rest
ENVIRONMENTS = ("dev", "staging", "prod")
PAGE = (CHECKOUT / "docs" / "cost.md").read_text()
AMOUNT = re.compile(r"\d[\d,]*\.\d\d\b")
Resources = list[dict[str, Any]]


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of the table of fixed costs up to its sum: the resource and its cell of each environment."""
    for line in PAGE.split("## Each month, at rest")[1].split("\n## ")[0].splitlines():
        name, _, *cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else ["", ""]
        if cells and name != "resource":
            yield name, dict(zip(ENVIRONMENTS, cells, strict=False))
        if name.startswith("**"):
            return


def amounts(cell: str) -> tuple[float, float]:
    """The least and the most of a cell, in USD; 0 where it has no price."""
    found = [float(amount.replace(",", "")) for amount in AMOUNT.findall(cell.rpartition(":")[2])]
    return (found[0], found[-1]) if found else (0.0, 0.0)


def quantities(found: Planned) -> dict[str, str]:
    """What stands before the colon of each row's cell, "none" for nothing."""

    def of(kind: str) -> Resources:
        return found.get(f"azurerm_{kind}", [])

    (postgres,), (redis,) = of("postgresql_flexible_server"), of("managed_redis")
    (function_app,), (files,) = of("function_app_flex_consumption"), _files(of("storage_account"))
    servers = 2 if postgres["high_availability"] else 1
    ready = sum(group["instance_count"] for group in function_app["always_ready"])
    gb = function_app["instance_memory_in_mb"] / 1024
    apps = of("container_app")
    return {
        "Event Hubs Premium": _count(sum(one["capacity"] for one in of("eventhub_namespace"))),
        "Kafka": _replicas([app for app in apps if app["name"] == "kafka"]),
        "PostgreSQL compute": f"{servers} {postgres['sku_name'].split('_', 2)[2]}",
        "PostgreSQL storage": _count(servers * postgres["storage_mb"] // 1024),
        "Azure Firewall Standard": _count(len(of("firewall"))),
        "public IP": _count(len(of("public_ip"))),
        "private endpoints": _count(len(of("private_endpoint"))),
        "private DNS zones": _count(len(of("private_dns_zone"))),
        "Container Apps environment": _count(len(of("container_app_environment"))),
        "Qdrant and Neo4j": _replicas([app for app in apps if app["name"] != "kafka"]),
        "file shares": f"{len(of('storage_share'))} {files['account_replication_type']}",
        "Managed Redis": f"{2 if redis['high_availability_enabled'] else 1} {redis['sku_name'].split('_')[1]}",
        "Functions, always ready": _count(ready * gb),
        "Functions, timers": f"{gb:g}",
        "query rules and metric rules": " and ".join(
            str(len(of(kind))) for kind in ("monitor_scheduled_query_rules_alert_v2", "monitor_metric_alert")
        ),
        "audit signing key": _count(len(of("key_vault_key"))),
    }


def _files(accounts: Resources) -> Resources:
    return [account for account in accounts if account["account_kind"] == "FileStorage"]


def _count(number: float) -> str:
    return f"{number:g}" if number else "none"


def _replicas(apps: Resources) -> str:
    if not apps:
        return "none"
    (size,) = {(box["cpu"], box["memory"]) for app in apps for box in app["template"][0]["container"]}
    return f"{sum(app['template'][0]['min_replicas'] for app in apps)} ({size[0]:g}, {size[1].removesuffix('Gi')})"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_quantities_of_the_page_are_those_of_the_plan(planned: Callable[[str], Planned], environment: str) -> None:
    written = {name: cells[environment].partition(":")[0] for name, cells in rows() if not name.startswith("**")}
    assert written == quantities(planned(environment))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_shares_have_the_size_that_the_page_prices(planned: Callable[[str], Planned], environment: str) -> None:
    assert {share["quota"] for share in planned(environment)["azurerm_storage_share"]} == {100}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_column_adds_up_to_its_sum(environment: str) -> None:
    *parts, (_, total) = rows()
    low, high = (sum(pair) for pair in zip(*(amounts(cells[environment]) for _, cells in parts), strict=True))
    assert amounts(total[environment]) == (round(low, 2), round(high, 2))


def test_dev_costs_no_more_than_it_promises() -> None:
    *_, (_, total) = rows()
    assert 0 < amounts(total["dev"])[1] <= LIMIT_USD


@pytest.mark.parametrize(
    ("resource", "source", "unit"),
    [
        ("Event Hubs Premium", "749.71 a PU", 749.71),
        ("private endpoints", "7.30 a month", 7.30),
        ("private DNS zones", "0.50 a month", 0.50),
        ("PostgreSQL storage", "storage 0.138 a GB", 0.138),
        ("public IP", "3.65 a month", 3.65),
    ],
)
def test_amount_is_the_quantity_times_the_price_of_its_source(resource: str, source: str, unit: float) -> None:
    assert source in PAGE
    for cell in dict(rows())[resource].values():
        if cell != "none":
            assert amounts(cell)[1] == pytest.approx(float(cell.partition(":")[0]) * unit, abs=0.02)
