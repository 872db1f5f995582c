output "id" {
  description = "Id of the function app."
  value       = azurerm_function_app_flex_consumption.this.id
}

output "name" {
  description = "Name of the function app."
  value       = azurerm_function_app_flex_consumption.this.name
}

output "host" {
  description = "Host name of console and API."
  value       = azurerm_function_app_flex_consumption.this.default_hostname
}

output "references_principal_id" {
  description = "Principal of the system-assigned identity, which resolves Key Vault references."
  value       = azurerm_function_app_flex_consumption.this.identity[0].principal_id
}

output "runtime" {
  description = "Runtime and scale as built."
  value = {
    name              = azurerm_function_app_flex_consumption.this.runtime_name
    version           = azurerm_function_app_flex_consumption.this.runtime_version
    plan              = azurerm_service_plan.this.sku_name
    zone_redundant    = azurerm_service_plan.this.zone_balancing_enabled
    maximum_instances = azurerm_function_app_flex_consumption.this.maximum_instance_count
    always_ready      = { for group in azurerm_function_app_flex_consumption.this.always_ready : group.name => group.instance_count }
    package_login     = azurerm_function_app_flex_consumption.this.storage_authentication_type
  }
}

output "settings" {
  description = "App settings as written last."
  value       = jsondecode(azurerm_resource_group_template_deployment.settings.parameters_content).settings.value
  sensitive   = true
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    functions = {
      public_network = azurerm_function_app_flex_consumption.this.public_network_access_enabled
      public_default = azurerm_function_app_flex_consumption.this.site_config[0].ip_restriction_default_action
      public_allowed = toset([for rule in azurerm_function_app_flex_consumption.this.site_config[0].ip_restriction : trimsuffix(rule.ip_address, "/32")])
      local_auth     = azurerm_function_app_flex_consumption.this.webdeploy_publish_basic_authentication_enabled
      minimum_tls    = azurerm_function_app_flex_consumption.this.site_config[0].minimum_tls_version
      https_only     = azurerm_function_app_flex_consumption.this.https_only
    }
  }
}
