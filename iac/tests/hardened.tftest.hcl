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
}
