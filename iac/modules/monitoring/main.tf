# The workspace with Sentinel on it, the export of its alerts to the hub, and Application Insights.

locals {
  access = length(var.allowed_addresses) > 0 ? "Enabled" : "Disabled"
}

resource "azurerm_log_analytics_workspace" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  sku                             = "PerGB2018"
  retention_in_days               = var.retention_days
  daily_quota_gb                  = var.daily_limit_gb
  local_authentication_enabled    = false
  allow_resource_only_permissions = true
  internet_ingestion_access_type  = local.access
  internet_query_access_type      = local.access
}

resource "azurerm_sentinel_log_analytics_workspace_onboarding" "this" {
  workspace_id = azurerm_log_analytics_workspace.this.id
}

resource "azurerm_log_analytics_data_export_rule" "alerts" {
  for_each = var.exports ? { this = true } : {}

  name                    = "sentinel-alerts"
  resource_group_name     = var.resource_group_name
  workspace_resource_id   = azurerm_log_analytics_workspace.this.id
  destination_resource_id = var.export_hub_id
  table_names             = ["SecurityAlert", "SecurityIncident"]
  enabled                 = true

  depends_on = [azurerm_sentinel_log_analytics_workspace_onboarding.this] # the tables come with Sentinel
}

resource "azurerm_application_insights" "this" {
  name                = "appi-${var.base}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  application_type             = "web"
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  sampling_percentage          = 100 # host.json samples; dropped here, a log line that an alert waits for would be lost
  local_authentication_enabled = false
  internet_ingestion_enabled   = local.access == "Enabled"
  internet_query_enabled       = local.access == "Enabled"
}

# The private way in; where the public one is open, this scope lets both through.
resource "azurerm_monitor_private_link_scope" "this" {
  name                  = "ampls-${var.base}"
  resource_group_name   = var.resource_group_name
  ingestion_access_mode = local.access == "Enabled" ? "Open" : "PrivateOnly"
  query_access_mode     = local.access == "Enabled" ? "Open" : "PrivateOnly"
  tags                  = var.tags
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  for_each = {
    workspace            = azurerm_log_analytics_workspace.this.id
    application-insights = azurerm_application_insights.this.id
  }

  name                = each.key
  resource_group_name = var.resource_group_name
  scope_name          = azurerm_monitor_private_link_scope.this.name
  linked_resource_id  = each.value
}
