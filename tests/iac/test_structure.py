"""What no plan shows: that the tables are the only place of their kind, and that a new resource forces a decision."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.deployment.azure import ROLES
from functions.ingest import GROUP
from local.services.site import CHECKOUT
from shared.settings import Settings, variables
from tests.iac.conftest import IAC

FILES = sorted(path for path in IAC.rglob("*.tf") if ".terraform" not in path.parts)
MODULES = sorted(path for path in (IAC / "modules").iterdir() if path.is_dir())
ENVIRONMENTS = sorted((IAC / "environments").glob("*.tfvars"))

# Types whose resources have logs or metrics of their own, and the names of their entries in diagnostic_targets.
DIAGNOSED = {
    "azurerm_container_app_environment": {"containers"},
    "azurerm_eventhub_namespace": {"event_hubs"},
    "azurerm_firewall": set(),  # added by modules/egress, with the address
    "azurerm_function_app_flex_consumption": {"functions"},
    "azurerm_key_vault": {"key_vault"},
    "azurerm_log_analytics_workspace": {"workspace"},
    "azurerm_managed_redis": {"redis", "redis_database"},
    "azurerm_network_security_group": set(),  # one per subnet
    "azurerm_postgresql_flexible_server": {"postgres"},
    "azurerm_public_ip": set(),
    "azurerm_resource_group_template_deployment": {"durable_task"},
    "azurerm_storage_account": {
        *("host_storage", "data_storage", "file_storage"),
        *("host_blobs", "host_queues", "host_tables", "data_blobs", "files"),
    },
    "azurerm_virtual_network": {"network"},
}
# Parts of another resource, settings, or what Azure keeps no diagnostic setting for.
WITHOUT_DIAGNOSTICS = {
    "azurerm_application_insights",  # its data is in the workspace already
    "azurerm_application_insights_workbook",
    "azurerm_consumption_budget_resource_group",
    "azurerm_container_app",
    "azurerm_container_app_environment_storage",
    "azurerm_container_app_job",
    "azurerm_eventhub",
    "azurerm_eventhub_consumer_group",
    "azurerm_eventhub_namespace_authorization_rule",
    "azurerm_firewall_policy",
    "azurerm_firewall_policy_rule_collection_group",
    "azurerm_key_vault_key",
    "azurerm_key_vault_secret",
    "azurerm_log_analytics_data_export_rule",
    "azurerm_managed_redis_access_policy_assignment",
    "azurerm_monitor_action_group",
    "azurerm_monitor_diagnostic_setting",
    "azurerm_monitor_metric_alert",
    "azurerm_monitor_private_link_scope",
    "azurerm_monitor_private_link_scoped_service",
    "azurerm_monitor_scheduled_query_rules_alert_v2",
    "azurerm_network_security_rule",
    "azurerm_postgresql_flexible_server_active_directory_administrator",
    "azurerm_postgresql_flexible_server_configuration",
    "azurerm_postgresql_flexible_server_database",
    "azurerm_postgresql_flexible_server_firewall_rule",
    "azurerm_private_dns_a_record",
    "azurerm_private_dns_zone",
    "azurerm_private_dns_zone_virtual_network_link",
    "azurerm_private_endpoint",
    "azurerm_resource_group",
    "azurerm_role_assignment",
    "azurerm_route_table",
    "azurerm_sentinel_log_analytics_workspace_onboarding",
    "azurerm_service_plan",
    "azurerm_storage_container",
    "azurerm_storage_container_immutability_policy",
    "azurerm_storage_management_policy",
    "azurerm_storage_share",
    "azurerm_subnet",
    "azurerm_subnet_network_security_group_association",
    "azurerm_subnet_route_table_association",
    "azurerm_user_assigned_identity",
    "azurerm_virtual_network_peering",
}


def _resources() -> dict[str, set[Path]]:
    found: dict[str, set[Path]] = {}
    for path in FILES:
        for kind in re.findall(r'^resource "(\w+)"', path.read_text(), re.MULTILINE):
            found.setdefault(kind, set()).add(path.relative_to(IAC).parent)
    return found


def _alerts() -> dict[str, dict[str, Any]]:
    alerts: dict[str, dict[str, Any]] = yaml.safe_load((IAC / "modules" / "alerting" / "alerts.yaml").read_text())
    return alerts


def test_every_resource_type_is_diagnosed_or_known_to_have_nothing_to_tell() -> None:
    assert set(_resources()) == set(DIAGNOSED) | WITHOUT_DIAGNOSTICS


def test_diagnostic_targets_name_every_diagnosed_resource() -> None:
    table = (IAC / "tables.tf").read_text().split("diagnostic_targets")[1]

    missing = {name for names in DIAGNOSED.values() for name in names} - set(re.findall(r"(\w+)\s+= \{ id", table))

    assert not missing


def test_rights_are_given_in_one_module_only() -> None:
    assert _resources()["azurerm_role_assignment"] == {Path("modules/identity")}


def test_authorization_rules_are_made_in_one_place_only() -> None:
    rules = {kind: places for kind, places in _resources().items() if kind.endswith("_authorization_rule")}

    assert rules == {"azurerm_eventhub_namespace_authorization_rule": {Path("modules/event_hubs")}}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_is_described_and_small(module: Path) -> None:
    text = {path.name: path.read_text() for path in module.glob("*.tf")}
    lines = sum(
        len(content.splitlines()) for name, content in text.items() if name not in ("variables.tf", "versions.tf")
    )

    assert lines <= 250
    for name, content in text.items():
        for block in re.findall(r'^(?:variable|output) ".*?^\}', content, re.MULTILINE | re.DOTALL):
            assert "description" in block, f"{name}: {block.splitlines()[0]}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environments_set_the_same_names(path: Path) -> None:
    def names(file: Path) -> list[str]:
        return re.findall(r"^(\w+)\s*=", file.read_text(), re.MULTILINE)

    assert names(path) == names(IAC / "environments" / "prod.tfvars")


def test_three_environments_exist() -> None:
    assert [path.stem for path in ENVIRONMENTS] == ["dev", "prod", "staging"]


def _required(path: tuple[str, ...]) -> bool:
    model: Any = Settings
    for name in path:
        field = model.model_fields[name]
        if not field.is_required():
            return False
        model = field.annotation
    return True


def test_function_app_gets_every_setting_that_the_product_requires() -> None:
    given = set(re.findall(r"^    (\w+)\s+= ", (IAC / "settings.tf").read_text(), re.MULTILINE))

    assert {variable for path, variable in variables().items() if _required(path)} <= given


@pytest.mark.parametrize("name", _alerts())
def test_alert_has_meaning_threshold_and_known_times(name: str) -> None:
    alert = _alerts()[name]

    assert alert["meaning"].endswith(".")
    assert alert["severity"] in (0, 1, 2)
    assert ("query" in alert) != ("metric" in alert)
    assert alert["operator"] in ("GreaterThan", "LessThan")
    assert isinstance(alert["threshold"], int)
    assert alert["every"] in ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
    assert alert["window"] in ("PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "PT2H", "P1D", "P2D")


def test_alerts_cover_what_operators_must_hear_of() -> None:
    # product.md §7 "Operator alerts" and security-and-audit.md §4
    assert set(_alerts()) >= {
        "AluskortModelBreakerOpen",
        "AluskortConsumerLagHigh",
        "AluskortApprovalsWaiting",
        "AluskortSpendSoftLimit",
        "AluskortSpendHardLimit",
        "AluskortAuditChainBroken",
        "AluskortAuditIntegrityFailed",
        "AluskortAuditLagHigh",
        "AluskortAuditLagCritical",
        "AluskortAuditColdCorruption",
        "AluskortAuditColdExportFailed",
        "AluskortSlaBreached",
        "AluskortDeadLetters",
    }


def test_preflight_asks_for_roles_that_the_table_gives_the_app() -> None:
    table = (IAC / "modules" / "identity" / "table.tf").read_text()
    given = set(re.findall(r'principal = "app", role = "([^"]+)"', table))
    assert set(ROLES.values()) <= given


def test_triggers_read_in_the_group_that_is_made_for_them() -> None:
    hubs = (IAC / "modules" / "event_hubs" / "main.tf").read_text()
    groups = re.findall(r'"azurerm_eventhub_consumer_group".*?\bname\s+= "(\w+)"', hubs, flags=re.DOTALL)
    assert groups == [GROUP]


def test_evidence_container_has_one_name() -> None:
    name = Settings.model_fields["evidence_container"].default
    example = json.loads((CHECKOUT / "local.settings.json.example").read_text())["Values"]
    made = (IAC / "modules" / "storage" / "main.tf").read_text()
    assert example["ALUSKORT_EVIDENCE_CONTAINER"] == name
    assert f'evidence    = "{name}"' in made
