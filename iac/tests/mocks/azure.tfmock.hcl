# What Azure would answer with. Ids have the right form, because the real provider checks them.

mock_resource "azurerm_resource_group" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
  }
}

mock_resource "azurerm_virtual_network" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
  }
}

mock_resource "azurerm_subnet" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet"
  }
}

mock_resource "azurerm_network_security_group" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
  }
}

mock_resource "azurerm_public_ip" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/pip"
  }
}


mock_resource "azurerm_firewall" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/azureFirewalls/afw"
  }
}

mock_resource "azurerm_firewall_policy" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/afwp"
  }
}

mock_resource "azurerm_route_table" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/routeTables/rt"
  }
}

mock_resource "azurerm_private_dns_zone" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/zone.example"
  }
}

mock_resource "azurerm_user_assigned_identity" {
  defaults = {
    id           = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    client_id    = "66666666-6666-6666-6666-666666666666"
    principal_id = "77777777-7777-7777-7777-777777777777"
  }
}

mock_resource "azurerm_storage_account" {
  defaults = {
    id                    = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/account"
    primary_blob_endpoint = "https://account.blob.core.windows.net/"
    primary_file_host     = "account.file.core.windows.net"
  }
}

mock_resource "azurerm_storage_container" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/account/blobServices/default/containers/container"
  }
}

mock_resource "azurerm_storage_share" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/account/fileServices/default/shares/share"
  }
}

mock_resource "azurerm_eventhub_namespace" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/evhns"
  }
}

mock_resource "azurerm_eventhub" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/evhns/eventhubs/hub"
  }
}

mock_resource "azurerm_key_vault" {
  defaults = {
    id        = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
    vault_uri = "https://kv.vault.azure.net/"
  }
}

mock_resource "azurerm_key_vault_key" {
  defaults = {
    id             = "https://kv.vault.azure.net/keys/key/0123456789abcdef0123456789abcdef"
    versionless_id = "https://kv.vault.azure.net/keys/key"
  }
}

mock_resource "azurerm_key_vault_secret" {
  defaults = {
    id             = "https://kv.vault.azure.net/secrets/secret/0123456789abcdef0123456789abcdef"
    versionless_id = "https://kv.vault.azure.net/secrets/secret"
  }
}

mock_resource "azurerm_postgresql_flexible_server" {
  defaults = {
    id   = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
    fqdn = "psql.postgres.database.azure.com"
  }
}

mock_resource "azurerm_managed_redis" {
  defaults = {
    id       = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Cache/redisEnterprise/redis"
    hostname = "redis.westeurope.redis.azure.net"
  }
}

mock_resource "azurerm_container_app_environment" {
  defaults = {
    id                = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/cae"
    default_domain    = "calm-sea.westeurope.azurecontainerapps.io"
    static_ip_address = "10.40.1.4"
  }
}

mock_resource "azurerm_service_plan" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Web/serverFarms/asp"
  }
}

mock_resource "azurerm_function_app_flex_consumption" {
  defaults = {
    id               = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Web/sites/func"
    default_hostname = "func.azurewebsites.net"
  }
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = {
    id           = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
    workspace_id = "88888888-8888-8888-8888-888888888888"
  }
}

mock_resource "azurerm_application_insights" {
  defaults = {
    id                = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Insights/components/appi"
    connection_string = "InstrumentationKey=99999999-9999-9999-9999-999999999999"
  }
}

mock_resource "azurerm_monitor_private_link_scope" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Insights/privateLinkScopes/ampls"
  }
}

mock_resource "azurerm_monitor_action_group" {
  defaults = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/ag"
  }
}

mock_resource "azurerm_resource_group_template_deployment" {
  defaults = {
    id             = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Resources/deployments/durable-task"
    output_content = "{\"endpoint\":{\"type\":\"String\",\"value\":\"https://dts.westeurope.durabletask.io\"}}"
  }
}

# The firewall insists on a subnet of this name.
override_resource {
  target = module.egress.azurerm_subnet.firewall
  values = {
    id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/AzureFirewallSubnet"
  }
}
