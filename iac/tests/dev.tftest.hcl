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
      for name in ["data_storage", "durable_task", "functions", "host_storage", "key_vault", "postgres"] : name => toset(["203.0.113.7"])
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

  assert {
    condition     = keys(module.private_link.endpoints) == ["data-blob", "durable-task", "files", "host-blob", "key-vault", "postgres", "redis"]
    error_message = "Private endpoints are: ${jsonencode(keys(module.private_link.endpoints))}"
  }
}

run "without_an_address_dev_is_closed" {
  command = plan

  assert {
    condition     = [for name, service in output.posture : name if try(service.public_network, true)] == []
    error_message = "Public network: ${jsonencode([for name, service in output.posture : name if try(service.public_network, true)])}."
  }

  assert {
    condition     = keys(module.private_link.endpoints) == ["data-blob", "durable-task", "files", "functions", "host-blob", "key-vault", "monitor", "postgres", "redis"]
    error_message = "Without a public way people and telemetry need private ones: ${jsonencode(keys(module.private_link.endpoints))}"
  }
}

run "dev_is_small" {
  command = plan

  assert {
    condition     = startswith(var.postgres.sku, "B_") && output.posture.postgres.high_availability == null && !output.posture.redis.high_availability && module.egress.default_route == "platform"
    error_message = "dev has a standby, a replica or a firewall."
  }

  assert {
    condition     = length(module.event_hubs) == 0 && length(module.graph) == 0 && length(module.functions.runtime.always_ready) == 0
    error_message = "dev has Event Hubs, Neo4j or instances that never sleep."
  }

  # Kafka is a container that only the function app reaches.
  assert {
    condition     = output.posture.kafka == { public_network = false, login = "none", tls = "none", port = 9092 }
    error_message = "Kafka: ${jsonencode(output.posture.kafka)}"
  }

  assert {
    condition = alltrue([
      for name in ["functions/Outbound/containers", "containers/Inbound/functions"] : join(",", sort(module.network.rules[name].ports)) == "443,9092"
    ]) && module.network.rules["containers/Inbound/functions"].source == module.network.prefixes["functions"]
    error_message = "Another subnet or another port reaches the containers."
  }

  assert {
    condition     = module.kafka[0].properties["advertised.listeners"] == "PLAINTEXT://${local.settings.ALUSKORT_KAFKA_BROKERS}" && local.settings.ALUSKORT_KAFKA_SECURITY == "plaintext"
    error_message = "The broker sends clients to another address than they are given: ${module.kafka[0].properties["advertised.listeners"]}"
  }

  assert {
    condition     = module.kafka[0].topics_job.topics == join("\n", [for topic in jsondecode(file("../shared/contracts/topics.json")).topics : "${topic.name} ${topic.partitions} ${topic.retention_days}"])
    error_message = "The job makes other topics than those of shared/contracts/topics.json."
  }

  # Nothing is asked of a hub that is not there.
  assert {
    condition     = [for name in keys(local.settings) : name if strcontains(name, "HUB") || name == "ALUSKORT_KAFKA_TRIGGER_CONNECTION"] == [] && local.settings.ALUSKORT_SENTINEL_MODE == "poll" && length(module.monitoring.exports) == 0
    error_message = "The app is told of a hub, or alerts are exported to one."
  }

  assert {
    condition     = length([for row in module.identity.table : row if contains(local.absent, row.scope)]) == 0 && join(",", sort(local.absent)) == "event_hubs,secret/kafka-listen,secret/neo4j-auth,secret/notification-link-key,secret/slack-webhook,secret/teams-webhook,sentinel_hub,siem_hub"
    error_message = "A right is given on what is not there, or withheld on what is: ${jsonencode(local.absent)}"
  }
}
