# What holds in staging and prod.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

run "hardened" {
  command = plan

  # There is no public network.
  assert {
    condition     = [for name, service in output.posture : name if try(service.public_network, true)] == []
    error_message = "Public network: ${jsonencode([for name, service in output.posture : name if try(service.public_network, true)])}."
  }

  assert {
    condition     = alltrue([for service in values(output.posture) : length(try(service.public_allowed, [])) == 0 && try(service.public_default, "Deny") == "Deny"])
    error_message = "An address is still allowed: ${jsonencode(output.posture)}"
  }

  # Only named hosts are reached.
  assert {
    condition     = module.egress.default_route == "firewall" && contains(module.egress.hosts.functions.model, "api.anthropic.com")
    error_message = "Outbound traffic does not pass the firewall, or the model is not reachable through it."
  }

  assert {
    condition = module.egress.hosts.functions.actions == tolist(["api.security.microsoft.com", "graph.microsoft.com", "management.azure.com"]) && alltrue([
      for name in ["management", "defender", "identity", "monitor"] : module.network.rules["functions/Outbound/${name}"].access == "Allow"
    ])
    error_message = "What actions and questions to the logs need is not let out: ${jsonencode(module.egress.hosts)}"
  }

  # Without notifications nothing of them is there.
  assert {
    condition     = length([for name in keys(local.settings) : name if startswith(name, "ALUSKORT_NOTIFICATION_")]) == 0 && !contains(keys(module.network.rules), "functions/Outbound/webhooks") && contains(local.absent, "secret/teams-webhook")
    error_message = "A way out, a right or a setting stands for messages that nobody gets."
  }

  assert {
    condition     = alltrue(flatten([for groups in values(module.egress.hosts) : [for hosts in values(groups) : [for host in hosts : can(regex("^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", host))]]]))
    error_message = "The allow-list has more than host names: ${jsonencode(module.egress.hosts)}"
  }

  # A zone may be lost.
  assert {
    condition     = output.posture.postgres.high_availability == "ZoneRedundant" && output.posture.postgres.geo_backup && output.posture.postgres.version == "18"
    error_message = "PostgreSQL: ${jsonencode(output.posture.postgres)}"
  }

  assert {
    condition     = output.posture.redis.high_availability && output.posture.event_hubs.sku == "Premium" && module.functions.runtime.zone_redundant
    error_message = "Redis, Event Hubs or the function app stands in one zone."
  }

  assert {
    condition     = module.postgres.parameters["pgbouncer.enabled"] == "true" && module.postgres.parameters["pgbouncer.pool_mode"] == "transaction"
    error_message = "PgBouncer is off."
  }

  # Every topic of the catalogue has its partitions and retention.
  assert {
    condition = {
      for name, hub in module.event_hubs[0].hubs : name => hub if !contains(["sentinel-alerts", "siem-alerts"], name)
      } == {
      for topic in jsondecode(file("../shared/contracts/topics.json")).topics : topic.name => {
        partitions      = topic.partitions
        retention_hours = topic.retention_days * 24
      }
    }
    error_message = "The hubs are not the topics of shared/contracts/topics.json: ${jsonencode(module.event_hubs[0].hubs)}"
  }

  assert {
    condition     = length(module.event_hubs[0].hubs) == 43
    error_message = "41 topics and two hubs of alerts are expected, got ${length(module.event_hubs[0].hubs)}."
  }

  assert {
    condition     = module.event_hubs[0].consumer_groups == { sentinel-alerts = "aluskort", siem-alerts = "aluskort" }
    error_message = "Both hubs of alerts need a consumer group of their own: ${jsonencode(module.event_hubs[0].consumer_groups)}"
  }

  assert {
    condition     = module.monitoring.exports == toset(["SecurityAlert", "SecurityIncident"])
    error_message = "Sentinel's alerts are not exported: ${jsonencode(module.monitoring.exports)}"
  }

  assert {
    condition     = module.event_hubs[0].local_rules == { kafka-trigger-listen = { listen = true, send = false, manage = false } }
    error_message = "The one local rule may listen and nothing else: ${jsonencode(module.event_hubs[0].local_rules)}"
  }

  assert {
    condition = toset(keys(module.private_link.endpoints)) == toset([
      "data-blob", "durable-task", "event-hubs", "files", "functions", "host-blob", "host-queue", "host-table", "key-vault", "monitor", "postgres", "redis",
    ])
    error_message = "Private endpoints are: ${jsonencode(keys(module.private_link.endpoints))}"
  }
}
