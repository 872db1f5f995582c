# What every environment sets. What only an operator can give is in operator.tf.

variable "product" {
  description = "Name of the product, the first part of every name. Two installations in one subscription differ by it."
  type        = string
  default     = "aluskort"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,}$", var.product))
    error_message = "product is \"${var.product}\"; it starts with a letter and has at least three lower-case letters or digits, because storage accounts permit nothing else."
  }

  validation {
    condition     = length(var.product) + length(var.environment) <= 15
    error_message = "product \"${var.product}\" is too long: with \"${var.environment}\" and the suffix it would name a storage account \"std${var.product}${var.environment}xxxxxx\" of ${9 + length(var.product) + length(var.environment)} characters, and Azure permits 24. Use at most ${15 - length(var.environment)} characters."
  }
}

variable "environment" {
  description = "Which environment this is: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is \"${var.environment}\"; it is dev, staging or prod. Pass -var-file=environments/<environment>.tfvars."
  }
}

variable "location" {
  description = "Azure region. It must have a pair (geo-redundant backup), zones and every service used."
  type        = string

  validation {
    condition     = contains(keys(local.regions), var.location)
    error_message = "location is \"${var.location}\"; it is one of ${join(", ", keys(local.regions))}. Other regions lack zones, a pair for backups or a service; write it as Azure's short name, without spaces."
  }
}

variable "address_space" {
  description = "Private IPv4 range of the virtual network, /16 to /21; subnets are cut from it."
  type        = string

  validation {
    condition     = can(cidrhost(var.address_space, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.).*/(1[6-9]|2[01])$", var.address_space))
    error_message = "address_space is \"${var.address_space}\"; it is a private IPv4 range between /16 and /21, for example 10.40.0.0/20."
  }
}

variable "zone_redundant" {
  description = "Spread Functions, Container Apps and the firewall over availability zones."
  type        = bool
}

variable "firewall" {
  description = "Send all outbound traffic through an Azure Firewall that permits named hosts only; without it traffic leaves by the services' own addresses, behind network rules by service tag."
  type        = bool
}

variable "functions" {
  description = "Flex Consumption: memory per instance (MB), the most instances, HTTP requests per instance, and instances kept ready per group (http, durable, or function:<name>)."
  type = object({
    memory_mb         = number
    maximum_instances = number
    http_concurrency  = number
    always_ready      = map(number)
  })

  validation {
    condition     = contains([512, 2048, 4096], var.functions.memory_mb)
    error_message = "functions.memory_mb is ${var.functions.memory_mb}; Flex Consumption has 512, 2048 and 4096."
  }

  validation {
    condition     = var.functions.maximum_instances >= 40 && var.functions.maximum_instances <= 1000
    error_message = "functions.maximum_instances is ${var.functions.maximum_instances}; Flex Consumption takes 40 to 1000."
  }

  validation {
    condition     = var.environment == "dev" || contains(keys(var.functions.always_ready), "http") && contains(keys(var.functions.always_ready), "function:run_llm_job_critical")
    error_message = "functions.always_ready must name \"http\" and \"function:run_llm_job_critical\": the console and critical alerts do not wait for a cold start, except in dev."
  }

  validation {
    condition     = !var.zone_redundant || alltrue([for count in values(var.functions.always_ready) : count >= 2])
    error_message = "functions.always_ready has a group below 2; with zone_redundant each group needs at least two instances, one per zone."
  }
}

variable "event_hubs" {
  description = "Processing units of the Premium namespace (1, 2, 4, 8, 10, 12 or 16); 100 hubs and about 5-10 MB/s in each. null: kafka takes its place."
  type = object({
    processing_units = number
  })

  validation {
    condition     = var.event_hubs == null || contains([1, 2, 4, 8, 10, 12, 16], try(var.event_hubs.processing_units, 0))
    error_message = "event_hubs.processing_units is ${try(var.event_hubs.processing_units, 0)}; a Premium namespace has 1, 2, 4, 8, 10, 12 or 16."
  }

  validation {
    condition     = (var.event_hubs == null) != (var.kafka == null)
    error_message = "The topics live in one place: set event_hubs or kafka, and the other to null."
  }
}

variable "kafka" {
  description = "A small dev's own Kafka in place of Event Hubs: image, vCPUs and memory (Gi) of the one broker. null: event_hubs."
  type = object({
    image     = string
    cpu       = number
    memory_gi = number
  })

  validation {
    condition     = var.kafka == null || var.environment == "dev"
    error_message = "kafka is for dev only; ${var.environment} would have one broker on one volume, without a login and without TLS. Set event_hubs, and kafka to null."
  }

  validation {
    condition     = var.kafka == null || can(regex(":[^/:]+$", var.kafka.image)) && !endswith(try(var.kafka.image, ""), ":latest")
    error_message = "kafka.image needs a fixed tag (not latest), for example docker.io/apache/kafka:4.1.1; a moving tag would change the broker at a restart."
  }

  validation {
    condition     = var.kafka == null || try(var.kafka.memory_gi == var.kafka.cpu * 2, false)
    error_message = "kafka: memory_gi is ${try(var.kafka.memory_gi, 0)} with ${try(var.kafka.cpu, 0)} vCPU; the consumption profile couples them, 2 Gi per vCPU."
  }
}

variable "sentinel_hub" {
  description = "Hub that Sentinel's data export writes to."
  type        = string
  default     = "sentinel-alerts"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$", var.sentinel_hub))
    error_message = "sentinel_hub is \"${var.sentinel_hub}\"; a hub's name has at most 50 letters, digits, dots, hyphens and underscores, with a letter or digit at both ends."
  }

  validation {
    condition     = !contains(local.topic_names, var.sentinel_hub)
    error_message = "sentinel_hub \"${var.sentinel_hub}\" is already a topic of shared/contracts/topics.json. Choose a name of its own, or alerts would be read as something else."
  }
}

variable "siem_hub" {
  description = "Hub that other SIEMs write alerts to."
  type        = string
  default     = "siem-alerts"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$", var.siem_hub))
    error_message = "siem_hub is \"${var.siem_hub}\"; a hub's name has at most 50 letters, digits, dots, hyphens and underscores, with a letter or digit at both ends."
  }

  validation {
    condition     = !contains(concat(local.topic_names, [var.sentinel_hub]), var.siem_hub)
    error_message = "siem_hub \"${var.siem_hub}\" is already the name of another hub. Choose a name that is neither sentinel_hub nor a topic of shared/contracts/topics.json."
  }
}

variable "postgres" {
  description = "PostgreSQL Flexible Server: SKU, storage (MB), zone redundant standby, days of backup, copies of backups in the paired region."
  type = object({
    sku               = string
    storage_mb        = number
    high_availability = bool
    backup_days       = number
    geo_backup        = bool
  })

  validation {
    condition     = can(regex("^(B|GP|MO)_Standard_", var.postgres.sku))
    error_message = "postgres.sku is \"${var.postgres.sku}\"; write it with its tier, for example B_Standard_B2s or GP_Standard_D4ds_v5."
  }

  validation {
    condition     = !var.postgres.high_availability || !startswith(var.postgres.sku, "B_")
    error_message = "postgres.high_availability needs a GP_ or MO_ SKU: the burstable \"${var.postgres.sku}\" has no standby and no PgBouncer."
  }

  validation {
    condition     = var.postgres.backup_days >= 7 && var.postgres.backup_days <= 35
    error_message = "postgres.backup_days is ${var.postgres.backup_days}; Azure keeps 7 to 35 days."
  }
}

variable "redis" {
  description = "Azure Managed Redis: SKU and whether it has a replica."
  type = object({
    sku               = string
    high_availability = bool
  })

  validation {
    condition     = can(regex("^(Balanced_B|MemoryOptimized_M|ComputeOptimized_X|FlashOptimized_A)[0-9]+$", var.redis.sku))
    error_message = "redis.sku is \"${var.redis.sku}\"; it is one of Azure Managed Redis, for example Balanced_B5, not of the older Azure Cache for Redis."
  }
}

variable "storage" {
  description = "Replication of the storage accounts, and how long audit evidence cannot be changed (days); locked makes that irrevocable."
  type = object({
    replication     = string
    evidence_days   = number
    evidence_locked = bool
  })

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"], var.storage.replication)
    error_message = "storage.replication is \"${var.storage.replication}\"; it is LRS, ZRS, GRS, RAGRS, GZRS or RAGZRS."
  }

  validation {
    condition     = var.storage.evidence_days >= 1 && var.storage.evidence_days <= 146000
    error_message = "storage.evidence_days is ${var.storage.evidence_days}; an immutability policy takes 1 to 146000 days."
  }

  validation {
    condition     = var.environment != "prod" || (var.storage.evidence_locked && var.storage.evidence_days >= 365)
    error_message = "storage: evidence in prod must be locked and kept at least 365 days, else an administrator can delete what proves tampering."
  }
}

variable "containers" {
  description = "Images of Qdrant, Neo4j (null for none, dev only) and the backup job, with the vCPUs and memory (Gi) of each store."
  type = object({
    qdrant_image = string
    neo4j_image  = string
    backup_image = string
    cpu          = number
    memory_gi    = number
  })

  validation {
    condition     = alltrue([for image in compact([var.containers.qdrant_image, var.containers.neo4j_image, var.containers.backup_image]) : can(regex(":[^/:]+$", image)) && !endswith(image, ":latest")])
    error_message = "containers: every image needs a fixed tag (not latest), for example docker.io/qdrant/qdrant:v1.20.0; a moving tag would change the stores at a restart."
  }

  validation {
    condition     = var.containers.memory_gi == var.containers.cpu * 2
    error_message = "containers: memory_gi is ${var.containers.memory_gi} with ${var.containers.cpu} vCPU; the consumption profile couples them, 2 Gi per vCPU."
  }

  validation {
    condition     = var.containers.neo4j_image != null || var.environment == "dev"
    error_message = "containers.neo4j_image is null, which is for dev only; ${var.environment} has Neo4j, for example docker.io/library/neo4j:5.26.28-community."
  }
}

variable "durable_task" {
  description = "Durable Task Scheduler: Consumption or Dedicated, and capacity units (Dedicated only)."
  type = object({
    sku      = string
    capacity = number
  })

  validation {
    condition     = contains(["Consumption", "Dedicated"], var.durable_task.sku)
    error_message = "durable_task.sku is \"${var.durable_task.sku}\"; it is Consumption or Dedicated."
  }
}

variable "logs" {
  description = "Days that logs stay searchable, and the daily limit (GB, -1 for none)."
  type = object({
    retention_days = number
    daily_limit_gb = number
  })

  validation {
    condition     = var.logs.retention_days >= 90 && var.logs.retention_days <= 730
    error_message = "logs.retention_days is ${var.logs.retention_days}; 90 (what Sentinel includes) to 730."
  }
}

variable "budget" {
  description = "Monthly Azure budget in the billing currency and the first day it counts from (RFC 3339, first of a month). The model has its own limits, see spend."
  type = object({
    amount = number
    start  = string
  })

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-01T00:00:00Z$", var.budget.start))
    error_message = "budget.start is \"${var.budget.start}\"; it is the first of a month, for example 2026-12-01T00:00:00Z."
  }
}

variable "spend" {
  description = "Limits of model spend per month in USD: soft warns, hard stops every call."
  type = object({
    soft_usd = number
    hard_usd = number
  })

  validation {
    condition     = var.spend.soft_usd > 0 && var.spend.soft_usd < var.spend.hard_usd
    error_message = "spend.soft_usd (${var.spend.soft_usd}) must be above 0 and below spend.hard_usd (${var.spend.hard_usd}), else the warning comes after the stop."
  }
}

variable "sentinel_mode" {
  description = "How alerts come in: event_hub (data export to the hub) or poll (the workspace is queried)."
  type        = string
  default     = "event_hub"

  validation {
    condition     = contains(["event_hub", "poll"], var.sentinel_mode)
    error_message = "sentinel_mode is \"${var.sentinel_mode}\"; it is event_hub or poll."
  }

  validation {
    condition     = var.sentinel_mode == "poll" || var.event_hubs != null
    error_message = "sentinel_mode is \"${var.sentinel_mode}\", but with event_hubs = null there is no hub to export to. Set it to poll."
  }
}
