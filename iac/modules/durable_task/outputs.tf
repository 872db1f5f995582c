output "id" {
  description = "Id of the scheduler."
  value       = local.scheduler_id

  depends_on = [azurerm_resource_group_template_deployment.this]
}

output "task_hub_id" {
  description = "Id of the task hub."
  value       = "${local.scheduler_id}/taskHubs/${var.task_hub}"

  depends_on = [azurerm_resource_group_template_deployment.this]
}

output "endpoint" {
  description = "Endpoint of the scheduler."
  value       = jsondecode(azurerm_resource_group_template_deployment.this.output_content).endpoint.value
}

output "posture" {
  description = "Security-relevant facts as built; the scheduler knows no keys."
  value = {
    durable_task = {
      public_network = jsondecode(azurerm_resource_group_template_deployment.this.template_content).resources[0].properties.publicNetworkAccess == "Enabled"
      public_allowed = toset([for range in jsondecode(azurerm_resource_group_template_deployment.this.template_content).resources[0].properties.ipAllowlist : trimsuffix(range, "/32")])
      local_auth     = false
    }
  }
}
