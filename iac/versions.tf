terraform {
  # 1.11: write-only attributes keep secrets out of the state.
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # Filled by -backend-config, see README.md.
  backend "azurerm" {}
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  tenant_id           = var.tenant_id
  storage_use_azuread = true

  # The preflight names what is not registered; a deployer needs no right to register.
  resource_provider_registrations = "none"

  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }
    template_deployment {
      # Orchestrations in flight live in the task hub; it does not go with the deployment that made it.
      delete_nested_items_during_deletion = false
    }
    resource_group {
      prevent_deletion_if_contains_resources = true
    }
  }
}
