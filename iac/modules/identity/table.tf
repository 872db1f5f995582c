# The one table of role assignments: who, which role, on what, why. Nothing else grants a right in Azure's RBAC; rights
# inside PostgreSQL are given by `aluskort migrate`, the one in Redis by modules/redis.
locals {
  table = [for row in local.all : row if !contains(var.absent, row.scope)]

  all = [
    { principal = "app", role = "Storage Blob Data Owner", scope = "host_storage", why = "The Functions host keeps leases, timer states and the package there." },
    { principal = "app", role = "Storage Queue Data Contributor", scope = "host_storage", why = "The Functions host's own queues." },
    { principal = "app", role = "Storage Table Data Contributor", scope = "host_storage", why = "The Functions host's diagnostic events." },
    { principal = "app", role = "Reader", scope = "data_storage", why = "Health reads the blob service's properties; the role reads no data." },
    { principal = "app", role = "Storage Blob Data Contributor", scope = "evidence", why = "Writes evidence; the immutability policy refuses change and deletion." },
    { principal = "app", role = "Storage Blob Data Contributor", scope = "checkpoints", why = "Writes signed checkpoints of the audit chains." },
    { principal = "app", role = "Azure Event Hubs Data Sender", scope = "event_hubs", why = "One Kafka producer writes to all topics." },
    { principal = "app", role = "Azure Event Hubs Data Receiver", scope = "sentinel_hub", why = "ingest_sentinel reads Sentinel's export." },
    { principal = "app", role = "Azure Event Hubs Data Receiver", scope = "siem_hub", why = "Other SIEMs' alerts are read there." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/anthropic-api-key", why = "Key Vault reference ANTHROPIC_API_KEY." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/qdrant-api-key", why = "Key Vault reference ALUSKORT_QDRANT_API_KEY." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/kafka-listen", why = "Key Vault reference ALUSKORT_KAFKA_TRIGGER_CONNECTION." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/teams-webhook", why = "Key Vault reference ALUSKORT_NOTIFICATION_TEAMS_URL." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/slack-webhook", why = "Key Vault reference ALUSKORT_NOTIFICATION_SLACK_URL." },
    { principal = "references", role = "Key Vault Secrets User", scope = "secret/notification-link-key", why = "Key Vault reference ALUSKORT_NOTIFICATION_LINK_KEY." },
    { principal = "app", role = "Key Vault Crypto User", scope = "key/audit-signing", why = "Signs checkpoints; the key itself never leaves the vault." },
    { principal = "app", role = "Durable Task Data Contributor", scope = "task_hub", why = "Starts and runs orchestrations." },
    { principal = "app", role = "Monitoring Metrics Publisher", scope = "application_insights", why = "Sends telemetry; keys are off." },
    { principal = "app", role = "Log Analytics Data Reader", scope = "workspace", why = "Investigations ask its tables; fetch_late_entities asks SecurityAlert in both modes, poll_sentinel too." },
    { principal = "containers", role = "Key Vault Secrets User", scope = "secret/qdrant-api-key", why = "Qdrant demands this key." },
    { principal = "containers", role = "Key Vault Secrets User", scope = "secret/neo4j-auth", why = "Neo4j demands this password." },
    { principal = "backup", role = "Key Vault Secrets User", scope = "secret/qdrant-api-key", why = "Asks Qdrant for snapshots." },
    { principal = "backup", role = "Key Vault Secrets User", scope = "secret/neo4j-auth", why = "Asks Neo4j for an export." },
    { principal = "backup", role = "Storage Blob Data Contributor", scope = "backups", why = "Copies snapshots off the file shares." },
    { principal = "deployer", role = "Key Vault Secrets Officer", scope = "key_vault", why = "Writes and rotates the secrets." },
    { principal = "deployer", role = "Key Vault Crypto Officer", scope = "key_vault", why = "Makes the signing key." },
    { principal = "deployer", role = "Storage Blob Data Contributor", scope = "host_storage", why = "Uploads the deployment package." },
    { principal = "deployer", role = "Azure Event Hubs Data Sender", scope = "sentinel_hub", why = "Sends the preflight's synthetic alert, and nothing to any other hub." },
  ]
}
