environment   = "dev"
location      = "westeurope"
address_space = "10.40.0.0/20"

zone_redundant = false
firewall       = false

functions = {
  memory_mb         = 512
  maximum_instances = 40
  http_concurrency  = 16
  always_ready      = {} # a cold start is bearable here, two instances that never sleep are not
}

event_hubs    = null
kafka         = { image = "docker.io/apache/kafka:4.1.1", cpu = 0.25, memory_gi = 0.5 }
sentinel_mode = "poll"

durable_task = { sku = "Consumption", capacity = 1 }
redis        = { sku = "Balanced_B0", high_availability = false }

postgres = {
  sku               = "B_Standard_B2s"
  storage_mb        = 32768
  high_availability = false
  backup_days       = 7
  geo_backup        = false
}

storage = {
  replication     = "LRS"
  evidence_days   = 1
  evidence_locked = false
}

containers = {
  qdrant_image = "docker.io/qdrant/qdrant:v1.20.0"
  neo4j_image  = null # no code reads it yet
  backup_image = "mcr.microsoft.com/azure-cli:2.77.0"
  cpu          = 0.25
  memory_gi    = 0.5
}

logs   = { retention_days = 90, daily_limit_gb = 0.5 }
spend  = { soft_usd = 50, hard_usd = 100 }
budget = { amount = 400, start = "2026-12-01T00:00:00Z" }
