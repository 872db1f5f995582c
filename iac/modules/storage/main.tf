# Two accounts, so that the Functions host, which must own its own, has no right on evidence. Identities only, no keys.

locals {
  accounts = {
    host = { name = var.host_name, versioning = false }
    data = { name = var.data_name, versioning = true }
  }

  # Names of data containers are those of shared/audit; backups belong to the backup jobs.
  containers = {
    deployments = "host"
    evidence    = "data"
    checkpoints = "data"
    backups     = "data"
  }
  container_names = {
    deployments = "deployments"
    evidence    = "aluskort-audit-evidence"
    checkpoints = "aluskort-checkpoints"
    backups     = "aluskort-backups"
  }
}

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_43:The name is computed, which checkov does not do; tests/environment.tftest.hcl checks all names
  #checkov:skip=CKV2_AZURE_33:Its private endpoint is in modules/private_link, which checkov does not follow through the table
  #checkov:skip=CKV_AZURE_33:modules/diagnostics sends the service's logs to the workspace; this looks for the classic form
  #checkov:skip=CKV2_AZURE_1:Encrypted by the platform's keys; a key of our own could be deleted, and seven years of evidence with it
  for_each = local.accounts

  name                = each.value.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  account_tier             = "Standard"
  account_replication_type = var.replication

  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  local_user_enabled                = false
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  allowed_copy_scope                = "AAD"
  infrastructure_encryption_enabled = true
  public_network_access_enabled     = length(var.allowed_addresses) > 0

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
    ip_rules       = var.allowed_addresses
  }

  blob_properties {
    versioning_enabled = each.value.versioning

    delete_retention_policy {
      days = 30
    }
    container_delete_retention_policy {
      days = 30
    }
  }

  sas_policy {
    expiration_period = "00.01:00:00"
    expiration_action = "Block"
  }
}

resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21:modules/diagnostics sends the service's logs to the workspace; this looks for the classic form
  for_each = local.containers

  name                  = local.container_names[each.key]
  storage_account_id    = azurerm_storage_account.this[each.value].id
  container_access_type = "private"
}

resource "azurerm_storage_container_immutability_policy" "this" {
  for_each = toset(["evidence", "checkpoints"])

  storage_container_resource_manager_id = azurerm_storage_container.this[each.value].id
  immutability_period_in_days           = var.evidence_days
  locked                                = var.evidence_locked
}

resource "azurerm_storage_management_policy" "backups" {
  storage_account_id = azurerm_storage_account.this["data"].id

  rule {
    name    = "old-backups"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = [local.container_names["backups"]]
    }
    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = 35
      }
      version {
        delete_after_days_since_creation = 35
      }
    }
  }
}
