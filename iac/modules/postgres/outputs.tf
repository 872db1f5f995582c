output "id" {
  description = "Id of the server."
  value       = azurerm_postgresql_flexible_server.this.id
}

output "host" {
  description = "Host name of the server."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "port" {
  description = "Port of the application: PgBouncer's where the tier has it."
  value       = local.pooled ? 6432 : 5432
}

output "database" {
  description = "Name of the product's database."
  value       = azurerm_postgresql_flexible_server_database.this.name
}

output "parameters" {
  description = "Server parameters as built."
  value       = { for name, parameter in azurerm_postgresql_flexible_server_configuration.this : name => parameter.value }
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    postgres = {
      public_network    = azurerm_postgresql_flexible_server.this.public_network_access_enabled
      public_allowed    = toset([for rule in azurerm_postgresql_flexible_server_firewall_rule.this : rule.start_ip_address])
      local_auth        = azurerm_postgresql_flexible_server.this.authentication[0].password_auth_enabled
      minimum_tls       = azurerm_postgresql_flexible_server_configuration.this["ssl_min_protocol_version"].value
      version           = azurerm_postgresql_flexible_server.this.version
      high_availability = one(azurerm_postgresql_flexible_server.this.high_availability[*].mode)
      backup_days       = azurerm_postgresql_flexible_server.this.backup_retention_days
      geo_backup        = azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled
      administrators    = keys(azurerm_postgresql_flexible_server_active_directory_administrator.this)
    }
  }
}
