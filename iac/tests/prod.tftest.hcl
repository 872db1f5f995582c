# What holds in prod only.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

run "evidence_is_locked_for_seven_years_and_backups_kept_for_35_days" {
  command = plan

  assert {
    condition     = alltrue([for policy in values(module.storage.immutability) : policy.locked && policy.days >= 7 * 365])
    error_message = "Evidence: ${jsonencode(module.storage.immutability)}"
  }

  assert {
    condition     = output.posture.postgres.backup_days == 35
    error_message = "PostgreSQL keeps backups for ${output.posture.postgres.backup_days} days."
  }
}

run "operators_come_in_from_a_network_of_their_own" {
  command = plan

  variables {
    operator_network_id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-runners/providers/Microsoft.Network/virtualNetworks/vnet-runners"
  }

  assert {
    condition     = module.network.peered["vnet-runners"] == module.network.id && module.network.peered[local.names.network] == var.operator_network_id
    error_message = "The peering has one side only: ${jsonencode(module.network.peered)}"
  }

  assert {
    condition     = contains(module.private_link.resolved_in, "privatelink.vaultcore.azure.net/operators") && contains(module.private_link.resolved_in, "privatelink.azurewebsites.net/operators")
    error_message = "The runners do not find Key Vault or the app: ${jsonencode(module.private_link.resolved_in)}"
  }
}

run "poll_mode_exports_nothing" {
  command = plan

  variables {
    sentinel_mode = "poll"
  }

  assert {
    condition     = length(module.monitoring.exports) == 0
    error_message = "In poll mode alerts would come in twice: ${jsonencode(module.monitoring.exports)}"
  }
}
