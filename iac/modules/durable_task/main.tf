# Durable Task Scheduler and its task hub. azurerm 5.2 has no resource for them, hence an ARM template; the alternative,
# durable history in Azure Storage, would change host.json and lose the scheduler's throughput.

locals {
  scheduler_id = "${var.resource_group_id}/providers/Microsoft.DurableTask/schedulers/${var.name}"
  public       = length(var.allowed_addresses) > 0

  template = {
    "$schema"      = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    contentVersion = "1.0.0.0"
    resources = [
      {
        type       = "Microsoft.DurableTask/schedulers"
        apiVersion = "2026-02-01"
        name       = var.name
        location   = var.location
        tags       = var.tags
        properties = {
          # A consumption scheduler has no capacity. An empty list of addresses denies all.
          sku                 = merge({ name = var.sku }, var.sku == "Dedicated" ? { capacity = var.capacity } : {})
          publicNetworkAccess = local.public ? "Enabled" : "Disabled"
          ipAllowlist         = [for address in var.allowed_addresses : "${address}/32"]
        }
      },
      {
        type       = "Microsoft.DurableTask/schedulers/taskHubs"
        apiVersion = "2026-02-01"
        name       = "${var.name}/${var.task_hub}"
        properties = {}
        dependsOn  = ["[resourceId('Microsoft.DurableTask/schedulers', '${var.name}')]"]
      },
    ]
    outputs = {
      endpoint = {
        type  = "string"
        value = "[reference(resourceId('Microsoft.DurableTask/schedulers', '${var.name}')).endpoint]"
      }
    }
  }
}

resource "azurerm_resource_group_template_deployment" "this" {
  name                = "durable-task"
  resource_group_name = var.resource_group_name
  deployment_mode     = "Incremental"
  template_content    = jsonencode(local.template)
  tags                = var.tags
}
