# One module per concern. What they exchange is passed here, so the order of creation can be read here too.

locals {
  small = var.kafka != null # a dev that costs little: docs/cost.md
  graph = var.containers.neo4j_image != null
}

resource "azurerm_resource_group" "this" {
  name     = local.names.resource_group
  location = var.location
  tags     = local.tags
}

module "network" {
  source = "./modules/network"

  name                = local.names.network
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  address_space       = var.address_space
  operator_network_id = var.operator_network_id
  webhooks            = var.notifications != null
  containers = merge(
    { "443" = "Qdrant over HTTPS" },
    local.graph ? { "7687" = "Neo4j over Bolt" } : {},
    local.small ? { "9092" = "Kafka without TLS" } : {},
  )
}

module "egress" {
  source = "./modules/egress"

  name                = local.base
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  firewall            = var.firewall
  zone_redundant      = var.zone_redundant
  network_name        = module.network.name
  firewall_prefix     = module.network.firewall_prefix
  subnet_ids          = module.network.subnet_ids
  prefixes            = { for name in ["functions", "containers"] : name => module.network.prefixes[name] }
  channels            = try(var.notifications.channels, [])
}

module "private_link" {
  source = "./modules/private_link"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  networks            = merge({ network = module.network.id }, var.operator_network_id == null ? {} : { operators = var.operator_network_id })
  subnet_id           = module.network.subnet_ids["endpoints"]
  endpoints           = local.endpoints
}

module "identity" {
  source = "./modules/identity"

  base                    = local.base
  resource_group_name     = azurerm_resource_group.this.name
  location                = var.location
  tags                    = local.tags
  deployer_object_id      = var.deployer_object_id
  references_principal_id = module.functions.references_principal_id
  scopes                  = local.scopes
  absent                  = local.absent
}

module "storage" {
  source = "./modules/storage"

  host_name           = local.names.host_storage
  data_name           = local.names.data_storage
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  allowed_addresses   = var.allowed_addresses
  replication         = var.storage.replication
  evidence_days       = var.storage.evidence_days
  evidence_locked     = var.storage.evidence_locked
}

module "event_hubs" {
  count = local.small ? 0 : 1

  source = "./modules/event_hubs"

  name                = local.names.event_hubs
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  allowed_addresses   = var.allowed_addresses
  processing_units    = var.event_hubs.processing_units
  topics              = local.topics
  alert_hubs          = [var.sentinel_hub, var.siem_hub]
}

moved {
  from = module.event_hubs
  to   = module.event_hubs[0]
}

module "kafka" {
  count = local.small ? 1 : 0

  source = "./modules/kafka"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  environment_id      = module.containers.id
  domain              = module.containers.domain
  share_name          = module.containers.share_names["stores"]
  image               = var.kafka.image
  owner_image         = var.containers.backup_image
  cpu                 = var.kafka.cpu
  memory_gi           = var.kafka.memory_gi
  topics              = local.topics
}

module "key_vault" {
  source = "./modules/key_vault"

  name                     = local.names.key_vault
  resource_group_name      = azurerm_resource_group.this.name
  location                 = var.location
  tags                     = local.tags
  tenant_id                = var.tenant_id
  allowed_addresses        = var.allowed_addresses
  writer_ready             = [module.identity.ready, module.private_link.endpoints, module.network.peered]
  kafka_listens            = !local.small
  listen_connection_string = one(module.event_hubs[*].listen_connection_string)
  anthropic_api_key        = var.anthropic_api_key
  qdrant_api_key           = var.qdrant_api_key
  graph                    = local.graph
  neo4j_password           = var.neo4j_password
  notification_names       = local.notification_secrets
  notification_secrets     = var.notification_secrets
  secrets_version          = var.secrets_version
  secrets_expire           = var.secrets_expire
}

module "postgres" {
  source = "./modules/postgres"

  name                = local.names.postgres
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  tenant_id           = var.tenant_id
  administrators      = var.database_administrators
  allowed_addresses   = var.allowed_addresses
  sku                 = var.postgres.sku
  storage_mb          = var.postgres.storage_mb
  high_availability   = var.postgres.high_availability
  backup_days         = var.postgres.backup_days
  geo_backup          = var.postgres.geo_backup
}

module "redis" {
  source = "./modules/redis"

  name                = local.names.redis
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  sku                 = var.redis.sku
  high_availability   = var.redis.high_availability
  user_object_id      = module.identity.identities["app"].principal_id
}

module "durable_task" {
  source = "./modules/durable_task"

  name                = local.names.durable_task
  resource_group_name = azurerm_resource_group.this.name
  resource_group_id   = azurerm_resource_group.this.id
  location            = var.location
  tags                = local.tags
  allowed_addresses   = var.allowed_addresses
  sku                 = var.durable_task.sku
  capacity            = var.durable_task.capacity
  task_hub            = local.task_hub
}

module "containers" {
  source = "./modules/containers"

  name                = local.names.containers
  storage_name        = local.names.file_storage
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  subnet_id           = module.network.subnet_ids["containers"]
  network_id          = module.network.id
  zone_redundant      = var.zone_redundant
  shares              = local.small ? ["stores"] : ["qdrant", "neo4j"]
}

module "vector" {
  source = "./modules/vector"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  environment_id      = module.containers.id
  share_name          = module.containers.share_names[local.small ? "stores" : "qdrant"]
  url                 = local.qdrant_url
  identities          = module.identity.identities
  ready               = module.identity.ready
  image               = var.containers.qdrant_image
  backup_image        = var.containers.backup_image
  cpu                 = var.containers.cpu
  memory_gi           = var.containers.memory_gi
  secret_id           = module.key_vault.secret_ids["qdrant-api-key"]
  backup              = local.backup
}

module "graph" {
  count = local.graph ? 1 : 0

  source = "./modules/graph"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  environment_id      = module.containers.id
  share_name          = module.containers.share_names[local.small ? "stores" : "neo4j"]
  identities          = module.identity.identities
  ready               = module.identity.ready
  image               = var.containers.neo4j_image
  backup_image        = var.containers.backup_image
  cpu                 = var.containers.cpu
  memory_gi           = var.containers.memory_gi
  secret_id           = module.key_vault.secret_ids["neo4j-auth"]
  backup              = local.backup
}

moved {
  from = module.graph
  to   = module.graph[0]
}

module "functions" {
  source = "./modules/functions"

  name                 = local.names.functions
  base                 = local.base
  resource_group_name  = azurerm_resource_group.this.name
  location             = var.location
  tags                 = local.tags
  allowed_addresses    = var.allowed_addresses
  zone_redundant       = var.zone_redundant
  subnet_id            = module.network.subnet_ids["functions"]
  identity_id          = module.identity.identities["app"].id
  ready                = module.identity.ready
  package_container    = "${module.storage.blob_endpoints["host"]}${module.storage.container_names["deployments"]}"
  settings             = local.settings
  application_insights = module.monitoring.connection_string
  memory_mb            = var.functions.memory_mb
  maximum_instances    = var.functions.maximum_instances
  http_concurrency     = var.functions.http_concurrency
  always_ready         = var.functions.always_ready
}

module "monitoring" {
  source = "./modules/monitoring"

  name                = local.names.workspace
  base                = local.base
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
  allowed_addresses   = var.allowed_addresses
  retention_days      = var.logs.retention_days
  daily_limit_gb      = var.logs.daily_limit_gb
  exports             = var.sentinel_mode == "event_hub"
  export_hub_id       = one(module.event_hubs[*].hub_ids[var.sentinel_hub])
}

module "alerting" {
  source = "./modules/alerting"

  base                = local.base
  resource_group_name = azurerm_resource_group.this.name
  resource_group_id   = azurerm_resource_group.this.id
  location            = var.location
  tags                = local.tags
  emails              = var.alert_emails
  workspace_id        = module.monitoring.workspace_id
  budget              = var.budget
  present = merge(
    { postgres = module.postgres.id },
    local.small ? {} : { event_hubs = module.event_hubs[0].id },
    local.graph ? { neo4j = module.graph[0].id } : {},
  )
}

module "diagnostics" {
  source = "./modules/diagnostics"

  workspace_id = module.monitoring.workspace_id
  targets      = local.diagnostic_targets
}
