# The function app's settings: the contract with shared/settings.py and the triggers.
locals {
  app = module.identity.identities["app"]

  reference = { for name in concat(["anthropic-api-key", "qdrant-api-key", "kafka-listen"], local.notification_secrets) : name => "@Microsoft.KeyVault(SecretUri=${module.key_vault.uri}secrets/${name})" }

  # With the port: the Qdrant client would take 6333 instead of HTTPS'.
  qdrant_url = "https://qdrant.${module.containers.domain}:443"

  settings = merge(local.common, local.streaming, local.notifying)

  common = {
    AZURE_CLIENT_ID = local.app.client_id

    AzureWebJobsStorage__accountName = module.storage.account_names["host"]
    AzureWebJobsStorage__credential  = "managedidentity"
    AzureWebJobsStorage__clientId    = local.app.client_id

    # The worker sends its own log records, with the fields that alerts ask for; the host would forward their text only.
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY = "true"

    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${local.app.client_id};Authorization=AAD"
    DURABLE_TASK_SCHEDULER_CONNECTION_STRING  = "Endpoint=${module.durable_task.endpoint};Authentication=ManagedIdentity;ClientID=${local.app.client_id}"

    ALUSKORT_POSTGRES_URL = "postgresql://${local.app.name}@${module.postgres.host}:${module.postgres.port}/${module.postgres.database}?sslmode=verify-full&sslrootcert=system"
    ALUSKORT_REDIS_URL    = "rediss://${module.redis.host}:10000/0"

    ALUSKORT_SENTINEL_MODE = var.sentinel_mode
    ALUSKORT_WORKSPACES    = jsonencode(merge(var.workspaces, { (module.monitoring.workspace_guid) = var.home_tenant }))
    ALUSKORT_ALERT_SOURCES = var.alert_sources

    ALUSKORT_BLOB_ACCOUNT_URL   = trimsuffix(module.storage.blob_endpoints["data"], "/")
    ALUSKORT_EVIDENCE_CONTAINER = module.storage.container_names["evidence"]

    ALUSKORT_QDRANT_URL     = local.qdrant_url
    ALUSKORT_QDRANT_API_KEY = local.reference["qdrant-api-key"]

    ALUSKORT_MODEL_PROVIDER       = "anthropic" # another needs hosts of its own in modules/egress and modules/network
    ANTHROPIC_API_KEY             = local.reference["anthropic-api-key"]
    ALUSKORT_SPEND_SOFT_LIMIT_USD = var.spend.soft_usd
    ALUSKORT_SPEND_HARD_LIMIT_USD = var.spend.hard_usd

    ALUSKORT_OIDC_ISSUER   = "https://login.microsoftonline.com/${var.tenant_id}/v2.0"
    ALUSKORT_OIDC_AUDIENCE = var.oidc_audience
    ALUSKORT_OIDC_JWKS_URL = "https://login.microsoftonline.com/${var.tenant_id}/discovery/v2.0/keys"

    ALUSKORT_ALLOWLISTED_PLAYBOOKS = jsonencode(var.allowlisted_playbooks)
    ALUSKORT_OPERATOR_TENANT       = var.operator_tenant
    ALUSKORT_ACTION_LIVE           = jsonencode(var.live_actions)
    ALUSKORT_ACTION_INCIDENTS      = jsonencode(var.incident_workspaces)
  }
  notifying = var.notifications == null ? {} : merge(
    {
      ALUSKORT_NOTIFICATION_LINK_BASE = var.notifications.link_base
      ALUSKORT_NOTIFICATION_LINK_KEY  = local.reference["notification-link-key"]
    },
    { for channel in var.notifications.channels : "ALUSKORT_NOTIFICATION_${upper(channel)}_URL" => local.reference["${channel}-webhook"] },
  )
  streaming = local.small ? {
    ALUSKORT_KAFKA_BROKERS  = one(module.kafka[*].brokers)
    ALUSKORT_KAFKA_SECURITY = "plaintext"
    } : {
    ALUSKORT_KAFKA_BROKERS            = "${one(module.event_hubs[*].host)}:9093"
    ALUSKORT_KAFKA_SECURITY           = "entra"
    ALUSKORT_KAFKA_TRIGGER_CONNECTION = local.reference["kafka-listen"]

    ALUSKORT_SENTINEL_EVENTHUB__fullyQualifiedNamespace = one(module.event_hubs[*].host)
    ALUSKORT_SENTINEL_EVENTHUB__credential              = "managedidentity"
    ALUSKORT_SENTINEL_EVENTHUB__clientId                = local.app.client_id
    ALUSKORT_SENTINEL_HUB                               = var.sentinel_hub
    ALUSKORT_SIEM_HUB                                   = var.siem_hub
  }
}
