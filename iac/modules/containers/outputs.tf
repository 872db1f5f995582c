output "id" {
  description = "Id of the environment."
  value       = azurerm_container_app_environment.this.id
}

output "domain" {
  description = "Domain under which its apps are found inside the network."
  value       = azurerm_container_app_environment.this.default_domain
}

output "share_names" {
  description = "Names under which the shares can be mounted."
  value       = { for name, storage in azurerm_container_app_environment_storage.this : name => storage.name }
}

output "file_storage_id" {
  description = "Id of the storage account of the shares."
  value       = azurerm_storage_account.files.id
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    containers = {
      public_network = azurerm_container_app_environment.this.public_network_access != "Disabled" || !azurerm_container_app_environment.this.internal_load_balancer_enabled
      mutual_tls     = azurerm_container_app_environment.this.mutual_tls_enabled
    }
    file_storage = {
      public_network = azurerm_storage_account.files.public_network_access_enabled
      local_auth     = azurerm_storage_account.files.shared_access_key_enabled
      minimum_tls    = azurerm_storage_account.files.min_tls_version
      protocols      = toset([for share in azurerm_storage_share.this : share.enabled_protocol])
    }
  }
}
