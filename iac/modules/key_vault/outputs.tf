output "id" {
  description = "Id of the vault."
  value       = azurerm_key_vault.this.id
}

output "uri" {
  description = "URI of the vault."
  value       = azurerm_key_vault.this.vault_uri
}

output "signing_key_id" {
  description = "Versionless id of the key that signs audit checkpoints."
  value       = azurerm_key_vault_key.audit_signing.versionless_id
}

output "secret_ids" {
  description = "Versionless ids of the secrets, by name; a reference to one follows its rotation."
  value = {
    for secret in concat(
      [azurerm_key_vault_secret.anthropic_api_key, azurerm_key_vault_secret.qdrant_api_key],
      azurerm_key_vault_secret.neo4j_auth,
      azurerm_key_vault_secret.kafka_listen,
    ) : secret.name => secret.versionless_id
  }
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    key_vault = {
      public_network   = azurerm_key_vault.this.public_network_access_enabled
      public_default   = azurerm_key_vault.this.network_acls[0].default_action
      public_allowed   = azurerm_key_vault.this.network_acls[0].ip_rules
      rbac             = azurerm_key_vault.this.rbac_authorization_enabled
      purge_protection = azurerm_key_vault.this.purge_protection_enabled
      signing_key      = azurerm_key_vault_key.audit_signing.key_type
    }
  }
}
