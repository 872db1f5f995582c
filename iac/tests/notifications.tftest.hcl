# What changes where people are told by Teams or Slack.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  notifications = { channels = ["teams"], link_base = "https://soc.example.com/cases" }
  notification_secrets = {
    teams-webhook         = "https://prod-1.westeurope.logic.azure.com/workflows/w"
    notification-link-key = "0123456789abcdef0123456789abcdef"
  }
}

run "webhooks_are_references_to_the_vault" {
  command = plan

  assert {
    condition = { for name, value in local.settings : name => value if startswith(name, "ALUSKORT_NOTIFICATION_") } == {
      ALUSKORT_NOTIFICATION_LINK_BASE = "https://soc.example.com/cases"
      ALUSKORT_NOTIFICATION_LINK_KEY  = "@Microsoft.KeyVault(SecretUri=${module.key_vault.uri}secrets/notification-link-key)"
      ALUSKORT_NOTIFICATION_TEAMS_URL = "@Microsoft.KeyVault(SecretUri=${module.key_vault.uri}secrets/teams-webhook)"
    }
    error_message = "Settings of messages: ${jsonencode([for name in keys(local.settings) : name if startswith(name, "ALUSKORT_NOTIFICATION_")])}"
  }

  assert {
    condition = sort([for name in keys(output.role_assignments) : name if strcontains(name, "webhook") || strcontains(name, "link-key")]) == tolist([
      "references/Key Vault Secrets User/secret/notification-link-key", "references/Key Vault Secrets User/secret/teams-webhook",
    ])
    error_message = "Who reads the secrets: ${jsonencode(keys(output.role_assignments))}"
  }

  assert {
    condition     = module.egress.hosts.functions.teams == tolist(["*.logic.azure.com", "*.api.powerplatform.com"]) && !contains(keys(module.egress.hosts.functions), "slack") && module.network.rules["functions/Outbound/webhooks"].access == "Allow"
    error_message = "The webhook cannot be reached, or one that nobody set can: ${jsonencode(module.egress.hosts)}"
  }
}

run "a_channel_without_its_webhook_is_refused" {
  command = plan

  variables {
    notifications = { channels = ["teams", "slack"], link_base = "https://soc.example.com/cases" }
  }

  expect_failures = [var.notification_secrets]
}

run "an_unknown_channel_and_an_open_address_are_refused" {
  command = plan

  variables {
    notifications        = { channels = ["pager"], link_base = "http://soc.example.com" }
    notification_secrets = { pager-webhook = "https://x", notification-link-key = "0123456789abcdef0123456789abcdef" }
  }

  expect_failures = [var.notifications]
}
