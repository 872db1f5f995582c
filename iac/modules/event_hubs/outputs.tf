output "id" {
  description = "Id of the namespace."
  value       = azurerm_eventhub_namespace.this.id
}

output "host" {
  description = "Host name of the namespace."
  value       = "${azurerm_eventhub_namespace.this.name}.servicebus.windows.net"
}

output "hub_ids" {
  description = "Ids of the hubs, by name."
  value       = { for name, hub in azurerm_eventhub.this : name => hub.id }
}

output "listen_connection_string" {
  description = "The Listen-only connection string of the Kafka trigger."
  value       = azurerm_eventhub_namespace_authorization_rule.kafka_listen.primary_connection_string
  sensitive   = true
}

output "hubs" {
  description = "Hubs as built: partitions and hours of retention."
  value = {
    for name, hub in azurerm_eventhub.this : name => {
      partitions      = hub.partition_count
      retention_hours = hub.retention_description[0].retention_time_in_hours
    }
  }
}

output "consumer_groups" {
  description = "Consumer groups as built, by hub."
  value       = { for hub, group in azurerm_eventhub_consumer_group.this : hub => group.name }
}

output "local_rules" {
  description = "Authorization rules as built, with what each may do."
  value = {
    for rule in [azurerm_eventhub_namespace_authorization_rule.kafka_listen] : rule.name => {
      listen = rule.listen
      send   = rule.send
      manage = rule.manage
    }
  }
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    event_hubs = {
      public_network = azurerm_eventhub_namespace.this.public_network_access_enabled
      public_default = azurerm_eventhub_namespace.this.network_rulesets[0].default_action
      public_allowed = toset(azurerm_eventhub_namespace.this.network_rulesets[0].ip_rule[*].ip_mask)
      local_auth     = azurerm_eventhub_namespace.this.local_authentication_enabled
      minimum_tls    = azurerm_eventhub_namespace.this.minimum_tls_version
      sku            = azurerm_eventhub_namespace.this.sku
    }
  }
}
