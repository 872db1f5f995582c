# User-assigned identities, one per program: they exist before what they may use, so nothing starts without its rights.

locals {
  purposes = {
    app        = "the function app"
    containers = "Qdrant and Neo4j, which read their own secrets"
    backup     = "the backup jobs"
  }

  principals = merge(
    { for program, identity in azurerm_user_assigned_identity.this : program => identity.principal_id },
    { deployer = var.deployer_object_id },
  )
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = local.purposes

  name                = "id-${var.base}-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = merge(var.tags, { purpose = each.value })
}

resource "azurerm_role_assignment" "this" {
  for_each = { for row in local.table : "${row.principal}/${row.role}/${row.scope}" => row if row.principal != "references" }

  principal_id         = local.principals[each.value.principal]
  principal_type       = each.value.principal == "deployer" ? null : "ServicePrincipal" # a new identity is not looked up
  role_definition_name = each.value.role
  scope                = var.scopes[each.value.scope]
  description          = each.value.why
}

# Apart, because this principal exists only once the app does, and the app waits for the others.
resource "azurerm_role_assignment" "references" {
  for_each = { for row in local.table : "${row.principal}/${row.role}/${row.scope}" => row if row.principal == "references" }

  principal_id         = var.references_principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = each.value.role
  scope                = var.scopes[each.value.scope]
  description          = each.value.why
}
