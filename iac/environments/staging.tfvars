environment   = "staging"
location      = "westeurope"
address_space = "10.41.0.0/20"

zone_redundant = true
firewall       = true

functions = {
  memory_mb         = 2048
  maximum_instances = 40
  http_concurrency  = 16
  always_ready = {
    "http"                          = 2
    "function:run_llm_job_critical" = 2
  }
}

event_hubs    = { processing_units = 1 }
kafka         = null
sentinel_mode = "event_hub"

durable_task = { sku = "Consumption", capacity = 1 }
redis        = { sku = "Balanced_B1", high_availability = true }

postgres = {
  sku               = "GP_Standard_D2ds_v5"
  storage_mb        = 65536
  high_availability = true
  backup_days       = 14
  geo_backup        = true
}

storage = {
  replication     = "GZRS"
  evidence_days   = 7
  evidence_locked = false
}

containers = {
  qdrant_image = "docker.io/qdrant/qdrant:v1.20.0"
  neo4j_image  = "docker.io/library/neo4j:5.26.28-community"
  backup_image = "mcr.microsoft.com/azure-cli:2.77.0"
  cpu          = 1
  memory_gi    = 2
}

logs   = { retention_days = 90, daily_limit_gb = 10 }
spend  = { soft_usd = 100, hard_usd = 200 }
budget = { amount = 4500, start = "2026-12-01T00:00:00Z" }
