output "resource_group" {
  description = "Name of the resource group."
  value       = azurerm_resource_group.this.name
}

output "function_app" {
  description = "Name of the function app, which the pipeline deploys to."
  value       = module.functions.name
}

output "function_app_id" {
  description = "Resource id of the function app, whose Key Vault references the preflight looks at."
  value       = module.functions.id
}

output "location" {
  description = "Region, whose quotas the preflight looks at."
  value       = var.location
}

output "url" {
  description = "Address of console and API."
  value       = "https://${module.functions.host}"
}

output "app_identity" {
  description = "Identity of the app, to which `aluskort migrate` gives its role in PostgreSQL: name, client id, object id."
  value = {
    name      = module.identity.identities["app"].name
    client_id = module.identity.identities["app"].client_id
    object_id = module.identity.identities["app"].principal_id
  }
}

output "postgres_host" {
  description = "Host of PostgreSQL, for `aluskort migrate`."
  value       = module.postgres.host
}

output "key_vault" {
  description = "URI of the vault."
  value       = module.key_vault.uri
}

output "audit_signing_key" {
  description = "Id of the key that signs audit checkpoints."
  value       = module.key_vault.signing_key_id
}

output "neo4j" {
  description = "Address of Neo4j inside the network; null where there is none."
  value       = local.graph ? "bolt://neo4j.${module.containers.domain}:7687" : null
}

output "network_id" {
  description = "Virtual network, to peer operators' and runners' networks with."
  value       = module.network.id
}

output "settings" {
  description = "Settings of the function app, without values that are secret: the preflight compares them."
  value       = local.settings
}

output "role_assignments" {
  description = "Who may do what, as built: the preflight compares them."
  value       = module.identity.assignments
}

output "posture" {
  description = "Security-relevant facts of every service, as built."
  value = merge(concat(module.event_hubs[*].posture, module.kafka[*].posture, [
    module.storage.posture, module.key_vault.posture, module.postgres.posture, module.redis.posture,
    module.durable_task.posture, module.containers.posture, module.functions.posture, module.monitoring.posture,
  ])...)
}
