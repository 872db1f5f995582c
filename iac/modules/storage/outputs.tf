output "account_ids" {
  description = "Ids of the accounts: host and data."
  value       = { for name, account in azurerm_storage_account.this : name => account.id }
}

output "account_names" {
  description = "Names of the accounts."
  value       = { for name, account in azurerm_storage_account.this : name => account.name }
}

output "blob_endpoints" {
  description = "Blob endpoints of the accounts, with a slash at the end."
  value       = { for name, account in azurerm_storage_account.this : name => account.primary_blob_endpoint }
}

output "container_ids" {
  description = "Ids of the containers."
  value       = { for name, container in azurerm_storage_container.this : name => container.id }
}

output "container_names" {
  description = "Names of the containers."
  value       = local.container_names
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    for name, account in azurerm_storage_account.this : "${name}_storage" => {
      public_network = account.public_network_access_enabled
      public_default = account.network_rules[0].default_action
      public_allowed = account.network_rules[0].ip_rules
      local_auth     = account.shared_access_key_enabled
      minimum_tls    = account.min_tls_version
      soft_delete    = account.blob_properties[0].delete_retention_policy[0].days
      versioning     = account.blob_properties[0].versioning_enabled
    }
  }
}

output "immutability" {
  description = "Immutability policies as built, by container."
  value = {
    for name, policy in azurerm_storage_container_immutability_policy.this : local.container_names[name] => {
      days   = policy.immutability_period_in_days
      locked = policy.locked
    }
  }
}
