environment   = "prod"
location      = "westeurope"
address_space = "10.42.0.0/20"

zone_redundant = true
firewall       = true

functions = {
  memory_mb         = 4096
  maximum_instances = 120 # times 4,096 MB: within the default regional quota
  http_concurrency  = 16
  always_ready = {
    "http"                          = 2
    "durable"                       = 2
    "function:run_llm_job_critical" = 2
  }
}

event_hubs    = { processing_units = 2 }
kafka         = null
sentinel_mode = "event_hub"

durable_task = { sku = "Dedicated", capacity = 3 } # three units are highly available, one is not
redis        = { sku = "Balanced_B5", high_availability = true }

postgres = {
  sku               = "GP_Standard_D4ds_v5"
  storage_mb        = 262144
  high_availability = true
  backup_days       = 35
  geo_backup        = true
}

storage = {
  replication     = "GZRS"
  evidence_days   = 2557
  evidence_locked = true
}

containers = {
  qdrant_image = "docker.io/qdrant/qdrant:v1.20.0"
  neo4j_image  = "docker.io/library/neo4j:5.26.28-community"
  backup_image = "mcr.microsoft.com/azure-cli:2.77.0"
  cpu          = 2
  memory_gi    = 4
}

logs   = { retention_days = 180, daily_limit_gb = -1 }
spend  = { soft_usd = 500, hard_usd = 1000 }
budget = { amount = 9000, start = "2026-12-01T00:00:00Z" }
