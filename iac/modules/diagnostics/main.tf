# Logs and metrics of every resource that has them, in the one workspace. Where a service can fill AzureDiagnostics or
# tables of its own it fills its own: alerts and workbook query them.

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.targets

  name                           = "workspace"
  target_resource_id             = each.value.id
  log_analytics_workspace_id     = var.workspace_id
  log_analytics_destination_type = each.value.tables ? "Dedicated" : null

  dynamic "enabled_log" {
    for_each = each.value.logs ? ["allLogs"] : []
    content {
      category_group = enabled_log.value
    }
  }

  dynamic "enabled_metric" {
    for_each = each.value.metrics ? ["AllMetrics"] : []
    content {
      category = enabled_metric.value
    }
  }
}
