# Azure Managed Redis: Entra logins, TLS, never public (it has no list of addresses to restrict a public endpoint by).

resource "azurerm_managed_redis" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku_name                  = var.sku
  high_availability_enabled = var.high_availability
  public_network_access     = "Disabled"

  identity {
    type = "SystemAssigned"
  }

  default_database {
    access_keys_authentication_enabled = false
    client_protocol                    = "Encrypted"
    clustering_policy                  = "EnterpriseCluster" # one endpoint: the client needs no cluster mode
    eviction_policy                    = "VolatileTTL"       # caches go first, the kill switch's mirror has no expiry
  }
}

resource "azurerm_managed_redis_access_policy_assignment" "app" {
  managed_redis_id = azurerm_managed_redis.this.id
  object_id        = var.user_object_id
}
