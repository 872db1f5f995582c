# The vault: RBAC only, nothing can be purged. Secrets given by the operator are written without passing through the
# state; the Kafka connection string is in the state anyway, as an attribute of its rule.

resource "azurerm_key_vault" "this" {
  #checkov:skip=CKV2_AZURE_32:Its private endpoint is in modules/private_link, which checkov does not follow through the table
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tenant_id           = var.tenant_id
  tags                = var.tags

  sku_name                   = "premium" # the signing key lives in an HSM
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 90

  public_network_access_enabled = length(var.allowed_addresses) > 0

  network_acls {
    default_action = "Deny"
    bypass         = "AzureServices"
    ip_rules       = [for address in var.allowed_addresses : "${address}/32"]
  }
}

# Signs the Merkle checkpoints of the audit chains. Old versions stay: they verify old checkpoints.
resource "azurerm_key_vault_key" "audit_signing" {
  #checkov:skip=CKV_AZURE_40:It rotates by itself every year and each new version expires; a fixed date would stop checkpoints on that day
  name         = "audit-signing"
  key_vault_id = azurerm_key_vault.this.id
  key_type     = "EC-HSM"
  curve        = "P-256"
  key_opts     = ["sign", "verify"]
  tags         = var.tags

  depends_on = [var.writer_ready]

  rotation_policy {
    expire_after         = "P2Y"
    notify_before_expiry = "P60D"
    automatic {
      time_after_creation = "P1Y"
    }
  }
}

resource "azurerm_key_vault_secret" "anthropic_api_key" {
  name             = "anthropic-api-key"
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "key of the model provider"
  value_wo         = var.anthropic_api_key
  value_wo_version = var.secrets_version
  expiration_date  = var.secrets_expire
  tags             = var.tags

  depends_on = [var.writer_ready]
}

resource "azurerm_key_vault_secret" "qdrant_api_key" {
  name             = "qdrant-api-key"
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "key of Qdrant"
  value_wo         = var.qdrant_api_key
  value_wo_version = var.secrets_version
  expiration_date  = var.secrets_expire
  tags             = var.tags

  depends_on = [var.writer_ready]
}

resource "azurerm_key_vault_secret" "neo4j_auth" {
  count = var.graph ? 1 : 0

  name             = "neo4j-auth"
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "user/password of Neo4j"
  value_wo         = "neo4j/${var.neo4j_password}"
  value_wo_version = var.secrets_version
  expiration_date  = var.secrets_expire
  tags             = var.tags

  depends_on = [var.writer_ready]
}

resource "azurerm_key_vault_secret" "kafka_listen" {
  count = var.kafka_listens ? 1 : 0

  name            = "kafka-listen"
  key_vault_id    = azurerm_key_vault.this.id
  content_type    = "Listen-only connection string of the Kafka trigger"
  value           = var.listen_connection_string
  expiration_date = var.secrets_expire
  tags            = var.tags

  depends_on = [var.writer_ready]
}

resource "azurerm_key_vault_secret" "notifications" {
  for_each = toset(var.notification_names)

  name             = each.key
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = "for messages to people"
  value_wo         = var.notification_secrets[each.key]
  value_wo_version = var.secrets_version
  expiration_date  = var.secrets_expire
  tags             = var.tags

  depends_on = [var.writer_ready]
}
