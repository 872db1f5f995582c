# Tables that several modules fill: private endpoints, scopes of rights, diagnostic targets.
locals {
  task_hub = jsondecode(file("${path.root}/../host.json")).extensions.durableTask.hubName

  backup = {
    account   = module.storage.account_names["data"]
    container = module.storage.container_names["backups"]
  }

  endpoints = merge(
    {
      host-blob    = { resource_id = module.storage.account_ids["host"], subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
      data-blob    = { resource_id = module.storage.account_ids["data"], subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
      files        = { resource_id = module.containers.file_storage_id, subresource = "file", zones = ["privatelink.file.core.windows.net"] }
      key-vault    = { resource_id = module.key_vault.id, subresource = "vault", zones = ["privatelink.vaultcore.azure.net"] }
      postgres     = { resource_id = module.postgres.id, subresource = "postgresqlServer", zones = ["privatelink.postgres.database.azure.com"] }
      redis        = { resource_id = module.redis.id, subresource = "redisEnterprise", zones = ["privatelink.redis.azure.net"] }
      durable-task = { resource_id = module.durable_task.id, subresource = "scheduler", zones = ["privatelink.durabletask.io"] }
    },
    # The host works without its queues and tables: no trigger here uses them.
    local.small ? {} : {
      host-queue = { resource_id = module.storage.account_ids["host"], subresource = "queue", zones = ["privatelink.queue.core.windows.net"] }
      host-table = { resource_id = module.storage.account_ids["host"], subresource = "table", zones = ["privatelink.table.core.windows.net"] }
      event-hubs = { resource_id = module.event_hubs[0].id, subresource = "namespace", zones = ["privatelink.servicebus.windows.net"] }
    },
    # Where an address is let in from outside, people and telemetry come that way.
    length(var.allowed_addresses) > 0 ? {} : {
      functions = { resource_id = module.functions.id, subresource = "sites", zones = ["privatelink.azurewebsites.net"] }
      monitor = {
        resource_id = module.monitoring.private_link_scope_id
        subresource = "azuremonitor"
        zones = [
          "privatelink.monitor.azure.com", "privatelink.oms.opinsights.azure.com", "privatelink.ods.opinsights.azure.com",
          "privatelink.agentsvc.azure-automation.net", "privatelink.blob.core.windows.net",
        ]
      }
    },
  )

  # Scopes of single secrets and keys follow from their names: rights on them exist before they do.
  scopes = merge(
    {
      host_storage         = module.storage.account_ids["host"]
      data_storage         = module.storage.account_ids["data"]
      evidence             = module.storage.container_ids["evidence"]
      checkpoints          = module.storage.container_ids["checkpoints"]
      backups              = module.storage.container_ids["backups"]
      event_hubs           = one(module.event_hubs[*].id)
      sentinel_hub         = one(module.event_hubs[*].hub_ids[var.sentinel_hub])
      siem_hub             = one(module.event_hubs[*].hub_ids[var.siem_hub])
      key_vault            = module.key_vault.id
      task_hub             = module.durable_task.task_hub_id
      application_insights = module.monitoring.application_insights_id
      workspace            = module.monitoring.workspace_id
      "key/audit-signing"  = "${module.key_vault.id}/keys/audit-signing"
    },
    { for name in concat(["anthropic-api-key", "qdrant-api-key", "neo4j-auth", "kafka-listen"], local.of_channels) : "secret/${name}" => "${module.key_vault.id}/secrets/${name}" },
  )

  of_channels = ["teams-webhook", "slack-webhook", "notification-link-key"]

  # Scopes that this environment does not have, so that a row about one of them gives no right.
  absent = concat(local.small ? ["event_hubs", "sentinel_hub", "siem_hub", "secret/kafka-listen"] : [], local.graph ? [] : ["secret/neo4j-auth"], [for name in setsubtract(local.of_channels, local.notification_secrets) : "secret/${name}"])

  diagnostic_targets = merge(
    local.small ? {} : { event_hubs = { id = module.event_hubs[0].id, tables = true } },
    {
      functions    = { id = module.functions.id }
      postgres     = { id = module.postgres.id }
      redis        = { id = module.redis.id, logs = false } # its log of connections hangs below it, see redis_database
      key_vault    = { id = module.key_vault.id, tables = true }
      containers   = { id = module.containers.id }
      durable_task = { id = module.durable_task.id, logs = false }
      workspace    = { id = module.monitoring.workspace_id }
      network      = { id = module.network.id }
      # A storage account has metrics only; logs belong to its services.
      host_storage   = { id = module.storage.account_ids["host"], logs = false }
      data_storage   = { id = module.storage.account_ids["data"], logs = false }
      file_storage   = { id = module.containers.file_storage_id, logs = false }
      host_blobs     = { id = "${module.storage.account_ids["host"]}/blobServices/default" }
      host_queues    = { id = "${module.storage.account_ids["host"]}/queueServices/default" }
      host_tables    = { id = "${module.storage.account_ids["host"]}/tableServices/default" }
      data_blobs     = { id = "${module.storage.account_ids["data"]}/blobServices/default" }
      files          = { id = "${module.containers.file_storage_id}/fileServices/default" }
      redis_database = { id = "${module.redis.id}/databases/default", metrics = false }
    },
    { for name, id in module.network.security_group_ids : "rules_${name}" => { id = id, metrics = false } },
    { for name, id in module.egress.diagnostic_targets : name => { id = id, tables = name == "firewall" } },
  )
}
