output "id" {
  description = "Id of the cache."
  value       = azurerm_managed_redis.this.id
}

output "host" {
  description = "Host name of the cache; its port is 10000."
  value       = azurerm_managed_redis.this.hostname
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    redis = {
      public_network    = azurerm_managed_redis.this.public_network_access != "Disabled"
      local_auth        = azurerm_managed_redis.this.default_database[0].access_keys_authentication_enabled
      tls               = azurerm_managed_redis.this.default_database[0].client_protocol
      high_availability = azurerm_managed_redis.this.high_availability_enabled
    }
  }
}
