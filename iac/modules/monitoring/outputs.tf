output "workspace_id" {
  description = "Resource id of the workspace."
  value       = azurerm_log_analytics_workspace.this.id
}

output "workspace_guid" {
  description = "The workspace's own id, which its alerts carry."
  value       = azurerm_log_analytics_workspace.this.workspace_id
}

output "application_insights_id" {
  description = "Id of Application Insights."
  value       = azurerm_application_insights.this.id
}

output "connection_string" {
  description = "Connection string of Application Insights; it names the resource and admits nobody, keys are off."
  value       = azurerm_application_insights.this.connection_string
  sensitive   = true
}

output "private_link_scope_id" {
  description = "Id of the private link scope."
  value       = azurerm_monitor_private_link_scope.this.id
}

output "exports" {
  description = "Tables exported to the hub, as built."
  value       = toset(flatten([for rule in azurerm_log_analytics_data_export_rule.alerts : rule.table_names]))
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    workspace = {
      public_network = azurerm_log_analytics_workspace.this.internet_query_access_type != "Disabled" || azurerm_log_analytics_workspace.this.internet_ingestion_access_type != "Disabled"
      local_auth     = azurerm_log_analytics_workspace.this.local_authentication_enabled
    }
    application_insights = {
      public_network = azurerm_application_insights.this.internet_ingestion_enabled || azurerm_application_insights.this.internet_query_enabled
      local_auth     = azurerm_application_insights.this.local_authentication_enabled
      sampling       = azurerm_application_insights.this.sampling_percentage
    }
  }
}
