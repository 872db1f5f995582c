# Where the stores in containers run: a Container Apps environment inside the network, and file shares for what must stay.

resource "azurerm_container_app_environment" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  infrastructure_subnet_id       = var.subnet_id
  internal_load_balancer_enabled = true
  public_network_access          = "Disabled"
  mutual_tls_enabled             = true
  zone_redundancy_enabled        = var.zone_redundant
  logs_destination               = "azure-monitor"

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

# NFS, because Container Apps mount SMB shares with the account's key only, and keys are off. NFS has no TLS; the
# account is reached by a private endpoint from the containers' subnet and by nothing else.
resource "azurerm_storage_account" "files" {
  #checkov:skip=CKV_AZURE_43:The name is computed, which checkov does not do; tests/environment.tftest.hcl checks all names
  #checkov:skip=CKV_AZURE_206:Premium file shares exist in one region only (LRS, ZRS); backups go to the geo-redundant account
  #checkov:skip=CKV2_AZURE_33:Its private endpoint is in modules/private_link, which checkov does not follow through the table
  #checkov:skip=CKV2_AZURE_38:It holds file shares only, whose soft delete is share_properties
  #checkov:skip=CKV2_AZURE_1:Encrypted by the platform's keys; what is here can be rebuilt from PostgreSQL
  name                = var.storage_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  account_kind             = "FileStorage"
  account_tier             = "Premium"
  account_replication_type = var.zone_redundant ? "ZRS" : "LRS"

  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = false
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  local_user_enabled               = false
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  public_network_access_enabled    = false

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }

  share_properties {
    retention_policy {
      days = 30
    }
  }

  sas_policy {
    expiration_period = "00.01:00:00"
    expiration_action = "Block"
  }
}

resource "azurerm_storage_share" "this" {
  for_each = var.shares

  name               = each.value
  storage_account_id = azurerm_storage_account.files.id
  enabled_protocol   = "NFS"
  quota              = 100 # GB, the smallest premium share
}

resource "azurerm_container_app_environment_storage" "this" {
  for_each = azurerm_storage_share.this

  name                         = each.key
  container_app_environment_id = azurerm_container_app_environment.this.id
  nfs_server_url               = azurerm_storage_account.files.primary_file_host
  share_name                   = "/${azurerm_storage_account.files.name}/${each.value.name}"
  access_mode                  = "ReadWrite"
}

# Apps of an internal environment are found under its own domain at its load balancer.
resource "azurerm_private_dns_zone" "this" {
  name                = azurerm_container_app_environment.this.default_domain
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  name                = "network"
  private_dns_zone_id = azurerm_private_dns_zone.this.id
  virtual_network_id  = var.network_id
  tags                = var.tags
}

resource "azurerm_private_dns_a_record" "apps" {
  name                = "*"
  private_dns_zone_id = azurerm_private_dns_zone.this.id
  ttl                 = 300
  records             = [azurerm_container_app_environment.this.static_ip_address]
  tags                = var.tags
}
