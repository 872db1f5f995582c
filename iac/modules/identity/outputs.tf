output "identities" {
  description = "Identities by program: id, client id, principal id and name."
  value = {
    for program, identity in azurerm_user_assigned_identity.this : program => {
      id           = identity.id
      client_id    = identity.client_id
      principal_id = identity.principal_id
      name         = identity.name
    }
  }
}

output "table" {
  description = "The table of role assignments."
  value       = local.table
}

output "assignments" {
  description = "Role assignments as built."
  value = {
    for key, assignment in merge(azurerm_role_assignment.this, azurerm_role_assignment.references) : key => {
      role  = assignment.role_definition_name
      scope = assignment.scope
    }
  }
}

output "ready" {
  description = "Known once every identity has its rights; what starts with an identity waits for it."
  value       = [for assignment in azurerm_role_assignment.this : assignment.id]
}
