output "settings" {
  description = "Diagnostic settings as built: what goes to the workspace, by resource."
  value = {
    for name, setting in azurerm_monitor_diagnostic_setting.this : name => {
      logs    = length(setting.enabled_log) > 0
      metrics = length(setting.enabled_metric) > 0
    }
  }
}
