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

run "poll_mode_reads_the_workspace_instead_of_exporting_it" {
  command = plan

  variables {
    sentinel_mode = "poll"
  }

  assert {
    condition     = length(module.monitoring.exports) == 0 && contains(keys(output.role_assignments), "app/Log Analytics Data Reader/workspace")
    error_message = "In poll mode nothing is exported and the app may query the workspace."
  }
}
