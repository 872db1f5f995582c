# Who is told of what: the rules follow from alerts.yaml.

locals {
  alerts = {
    for name, alert in yamldecode(file("${path.module}/alerts.yaml")) : name => alert
    if alltrue([for part in compact([try(alert.needs, ""), try(alert.resource, "")]) : contains(keys(var.present), part)])
  }
  queries = { for name, alert in local.alerts : name => alert if can(alert.query) }
  metrics = { for name, alert in local.alerts : name => alert if can(alert.metric) }
}

resource "azurerm_monitor_action_group" "operators" {
  name                = "ag-${var.base}"
  resource_group_name = var.resource_group_name
  short_name          = "aluskort"
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = var.emails
    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = local.queries

  name                  = each.key
  display_name          = each.key
  description           = each.value.meaning
  resource_group_name   = var.resource_group_name
  location              = var.location
  tags                  = var.tags
  scopes                = [var.workspace_id]
  severity              = each.value.severity
  evaluation_frequency  = each.value.every
  window_duration       = each.value.window
  skip_query_validation = true # the tables appear with the first row

  auto_mitigation_enabled = true

  criteria {
    query                   = trimspace(each.value.query)
    operator                = each.value.operator
    threshold               = each.value.threshold
    time_aggregation_method = can(each.value.value) ? "Maximum" : "Count"
    metric_measure_column   = try(each.value.value, null)
  }

  action {
    action_groups = [azurerm_monitor_action_group.operators.id]
  }
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.metrics

  name                = each.key
  description         = each.value.meaning
  resource_group_name = var.resource_group_name
  tags                = var.tags
  scopes              = [var.present[each.value.resource]]
  severity            = each.value.severity
  frequency           = each.value.every
  window_size         = each.value.window

  criteria {
    metric_namespace = {
      event_hubs = "Microsoft.EventHub/namespaces"
      postgres   = "Microsoft.DBforPostgreSQL/flexibleServers"
    }[each.value.resource]
    metric_name = each.value.metric
    aggregation = each.value.aggregation
    operator    = each.value.operator
    threshold   = each.value.threshold
  }

  action {
    action_group_id = azurerm_monitor_action_group.operators.id
  }
}

resource "azurerm_application_insights_workbook" "operations" {
  name                = uuidv5("url", "${var.workspace_id}/operations")
  resource_group_name = var.resource_group_name
  location            = var.location
  display_name        = "ALUSKORT operations (${var.base})"
  source_id           = lower(var.workspace_id)
  data_json           = file("${path.module}/workbook.json")
  tags                = var.tags
}

resource "azurerm_consumption_budget_resource_group" "this" {
  name              = "budget-${var.base}"
  resource_group_id = var.resource_group_id
  amount            = var.budget.amount
  time_grain        = "Monthly"

  time_period {
    start_date = var.budget.start
  }

  dynamic "notification" {
    for_each = {
      Actual     = 80
      Forecasted = 100
    }
    content {
      operator       = "GreaterThan"
      threshold      = notification.value
      threshold_type = notification.key
      contact_emails = var.emails
    }
  }
}
