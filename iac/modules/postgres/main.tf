# PostgreSQL 18: Entra logins only, reached by a private endpoint, PgBouncer in front where the tier has it.

locals {
  pooled = !startswith(var.sku, "B_")

  parameters = merge(
    {
      "require_secure_transport"            = "on"
      "ssl_min_protocol_version"            = "TLSv1.2"
      "connection_throttle.enable"          = "on"
      "log_connections"                     = "on"
      "log_disconnections"                  = "on"
      "log_checkpoints"                     = "on"
      "log_lock_waits"                      = "on"
      "log_min_duration_statement"          = "1000" # milliseconds
      "idle_in_transaction_session_timeout" = "60000"
      "pgaudit.log"                         = "ROLE,DDL"
      "shared_preload_libraries"            = "pg_cron,pg_stat_statements,pgaudit"
    },
    local.pooled ? {
      "pgbouncer.enabled"   = "true"
      "pgbouncer.pool_mode" = "transaction" # the tenant is set per transaction, so a pooled connection leaks none
    } : {},
  )
}

resource "azurerm_postgresql_flexible_server" "this" {
  #checkov:skip=CKV2_AZURE_57:Its private endpoint is in modules/private_link, which checkov does not follow through the table
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version           = "18"
  sku_name          = var.sku
  storage_mb        = var.storage_mb
  auto_grow_enabled = true

  public_network_access_enabled = length(var.allowed_addresses) > 0
  backup_retention_days         = var.backup_days
  geo_redundant_backup_enabled  = var.geo_backup

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = var.tenant_id
  }

  dynamic "high_availability" {
    for_each = var.high_availability ? ["ZoneRedundant"] : []
    content {
      mode = high_availability.value
    }
  }

  lifecycle {
    # Azure chooses the zones, and a failover exchanges them.
    ignore_changes  = [zone, high_availability[0].standby_availability_zone]
    prevent_destroy = true
  }
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  for_each = var.administrators

  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = var.resource_group_name
  tenant_id           = var.tenant_id
  object_id           = each.value.object_id
  principal_name      = each.key
  principal_type      = each.value.type
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = "aluskort"
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = local.parameters

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "this" {
  for_each = var.allowed_addresses

  name             = "operator-${replace(each.value, ".", "-")}"
  server_id        = azurerm_postgresql_flexible_server.this.id
  start_ip_address = each.value
  end_ip_address   = each.value
}
