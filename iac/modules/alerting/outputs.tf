output "alerts" {
  description = "Alerts as built: severity and threshold, by name."
  value = merge(
    { for name, rule in azurerm_monitor_scheduled_query_rules_alert_v2.this : name => { severity = rule.severity, threshold = rule.criteria[0].threshold, told = length(rule.action[0].action_groups) } },
    { for name, rule in azurerm_monitor_metric_alert.this : name => { severity = rule.severity, threshold = one(rule.criteria[*].threshold), told = length(rule.action) } },
  )
}

output "recipients" {
  description = "Addresses that are told, as built."
  value       = toset([for receiver in azurerm_monitor_action_group.operators.email_receiver : receiver.email_address])
}

output "workbook" {
  description = "Id of the operations workbook."
  value       = azurerm_application_insights_workbook.operations.id
}

output "budget" {
  description = "Monthly budget as built."
  value       = azurerm_consumption_budget_resource_group.this.amount
}
