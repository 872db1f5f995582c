# The product itself: one function app on Flex Consumption. Each Kafka and Event Hubs function scales by itself, HTTP and
# Durable as two groups; maximum_instances bounds each of them.

resource "azurerm_service_plan" "this" {
  #checkov:skip=CKV_AZURE_212:Flex Consumption counts instances per scale group: always_ready
  name                   = "asp-${var.base}"
  resource_group_name    = var.resource_group_name
  location               = var.location
  os_type                = "Linux"
  sku_name               = "FC1"
  zone_balancing_enabled = var.zone_redundant
  tags                   = var.tags
}

resource "azurerm_function_app_flex_consumption" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  service_plan_id     = azurerm_service_plan.this.id
  tags                = merge(var.tags, { azd-service-name = "api" })

  depends_on = [var.ready]

  runtime_name    = "python"
  runtime_version = "3.13"

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = var.package_container
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = var.identity_id

  instance_memory_in_mb  = var.memory_mb
  maximum_instance_count = var.maximum_instances
  http_concurrency       = var.http_concurrency

  https_only                                     = true
  public_network_access_enabled                  = length(var.allowed_addresses) > 0
  virtual_network_subnet_id                      = var.subnet_id
  webdeploy_publish_basic_authentication_enabled = false

  dynamic "always_ready" {
    for_each = var.always_ready
    content {
      name           = always_ready.key
      instance_count = always_ready.value
    }
  }

  identity {
    # The system-assigned one resolves Key Vault references: azurerm cannot name another for that on Flex Consumption.
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [var.identity_id]
  }

  app_settings = var.settings

  site_config {
    minimum_tls_version                    = "1.2"
    scm_minimum_tls_version                = "1.2"
    http2_enabled                          = true
    application_insights_connection_string = var.application_insights

    ip_restriction_default_action     = "Deny"
    scm_ip_restriction_default_action = "Deny"
    scm_use_main_ip_restriction       = true

    dynamic "ip_restriction" {
      for_each = var.allowed_addresses
      content {
        name       = "operator-${replace(ip_restriction.value, ".", "-")}"
        ip_address = "${ip_restriction.value}/32"
        action     = "Allow"
        priority   = 100
      }
    }
  }
}

# azurerm adds an empty AzureWebJobsStorage, which the host takes for a connection string, and then does not start
# (hashicorp/terraform-provider-azurerm issue 29693). This writes exactly the settings, after each change of the app.
resource "azurerm_resource_group_template_deployment" "settings" {
  name                = "function-app-settings"
  resource_group_name = var.resource_group_name
  deployment_mode     = "Incremental"
  tags                = var.tags

  # As a parameter, because ARM takes a text in brackets for an expression, and one setting is "[]".
  parameters_content = jsonencode({
    settings = { value = merge(var.settings, { APPLICATIONINSIGHTS_CONNECTION_STRING = var.application_insights }) }
  })

  template_content = jsonencode({
    "$schema"      = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    contentVersion = "1.0.0.0"
    metadata       = { app = sha256(jsonencode(local.written_by_azurerm)) }
    parameters     = { settings = { type = "object" } }
    resources = [{
      type       = "Microsoft.Web/sites/config"
      apiVersion = "2024-04-01"
      name       = "${azurerm_function_app_flex_consumption.this.name}/appsettings"
      properties = "[parameters('settings')]"
    }]
  })
}

locals {
  # A change of any of these makes azurerm write the settings again, its own one too.
  written_by_azurerm = [
    var.settings, var.tags, var.memory_mb, var.maximum_instances, var.http_concurrency, var.always_ready, var.allowed_addresses,
    var.package_container, var.identity_id, var.subnet_id,
  ]
}
