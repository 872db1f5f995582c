# The product's Kafka: an Event Hubs Premium namespace with every topic of the catalogue, and the hubs of alerts.

locals {
  # As wide as alerts.raw, which takes all they bring; kept as long, so that a week's outage loses nothing.
  raw = one([for topic in var.topics : topic if topic.name == "alerts.raw"])

  hubs = merge(
    { for topic in var.topics : topic.name => { partitions = topic.partitions, retention_days = topic.retention_days } },
    { for name in var.alert_hubs : name => { partitions = local.raw.partitions, retention_days = local.raw.retention_days } },
  )
}

resource "azurerm_eventhub_namespace" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku      = "Premium" # 31 topics kept up to 90 days; Standard has 10 hubs and 7 days. Premium is zone redundant by itself.
  capacity = var.processing_units

  minimum_tls_version = "1.2"

  # The Kafka trigger knows no managed identity. It gets the one Listen-only rule below; all else uses Entra.
  local_authentication_enabled = true

  public_network_access_enabled = length(var.allowed_addresses) > 0

  network_rulesets {
    default_action                 = "Deny"
    public_network_access_enabled  = length(var.allowed_addresses) > 0
    trusted_service_access_enabled = true # Azure Monitor's data export

    ip_rule              = [for address in var.allowed_addresses : { ip_mask = address, action = "Allow" }]
    virtual_network_rule = []
  }

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_eventhub" "this" {
  for_each = local.hubs

  name            = each.key
  namespace_id    = azurerm_eventhub_namespace.this.id
  partition_count = each.value.partitions

  retention_description {
    cleanup_policy          = "Delete"
    retention_time_in_hours = each.value.retention_days * 24
  }
}

# Kafka groups need no creation; these are for readers over AMQP.
resource "azurerm_eventhub_consumer_group" "this" {
  for_each = var.alert_hubs

  name                = "aluskort"
  eventhub_name       = azurerm_eventhub.this[each.value].name
  namespace_name      = azurerm_eventhub_namespace.this.name
  resource_group_name = var.resource_group_name
}

resource "azurerm_eventhub_namespace_authorization_rule" "kafka_listen" {
  name                = "kafka-trigger-listen"
  namespace_name      = azurerm_eventhub_namespace.this.name
  resource_group_name = var.resource_group_name
  listen              = true
  send                = false
  manage              = false
}
