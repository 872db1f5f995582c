# What holds in dev only.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

run "public_endpoints_admit_one_address" {
  command = plan

  variables {
    allowed_addresses = ["203.0.113.7"]
  }

  assert {
    condition = {
      for name, service in output.posture : name => toset([for address in service.public_allowed : trimsuffix(address, "/32")]) if try(service.public_network, true) && can(service.public_allowed)
      } == {
      for name in ["data_storage", "durable_task", "event_hubs", "functions", "host_storage", "key_vault", "postgres"] : name => toset(["203.0.113.7"])
    }
    error_message = "A public endpoint admits something else than the one address: ${jsonencode(output.posture)}"
  }

  assert {
    condition     = [for name, service in output.posture : name if try(service.public_network, true) && !can(service.public_allowed)] == ["application_insights", "workspace"]
    error_message = "A service without a list of addresses is public (the workspace and Application Insights admit Entra logins only)."
  }

  assert {
    condition     = alltrue([for service in values(output.posture) : try(service.public_default, "Deny") == "Deny"])
    error_message = "An endpoint admits who is not denied."
  }
}

run "without_an_address_dev_is_closed" {
  command = plan

  assert {
    condition     = [for name, service in output.posture : name if try(service.public_network, true)] == []
    error_message = "Public network: ${jsonencode([for name, service in output.posture : name if try(service.public_network, true)])}."
  }
}

run "dev_is_cheap" {
  command = plan

  assert {
    condition     = startswith(var.postgres.sku, "B_") && output.posture.postgres.high_availability == null && !output.posture.redis.high_availability && module.egress.default_route == "nat"
    error_message = "dev has a standby, a replica or a firewall."
  }
}
