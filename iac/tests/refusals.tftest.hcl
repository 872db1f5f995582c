# Bad input is refused by the validation of its variable, before anything is planned. Values of prod, with wrong ones;
# one wrong value per variable in each run, as a run costs a plan.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

run "values_without_the_right_form_are_refused" {
  command = plan

  variables {
    product                 = "alus-kort"                                      # storage accounts take no hyphen
    location                = "West Europe"                                    # as the portal writes it
    address_space           = "20.0.0.0/16"                                    # public
    subscription_id         = "SOC production"                                 # its name
    tenant_id               = "contoso.onmicrosoft.com"                        # its domain
    deployer_object_id      = "github-deploy"                                  # its name
    oidc_audience           = "api://aluskort"                                 # its URI
    workspaces              = { "log-soc" = "contoso" }                        # its name
    live_actions            = { "contoso" = ["everything"] }                   # no class
    incident_workspaces     = { "contoso" = "log-soc" }                        # its name
    alert_emails            = ["soc"]                                          # no domain
    alert_sources           = "splunk"                                         # no JSON
    home_tenant             = "*"                                              # the scope of every tenant
    sentinel_hub            = "alerts from sentinel"                           # blanks
    redis                   = { sku = "Premium_P1", high_availability = true } # Azure Cache for Redis
    storage                 = { replication = "geo", evidence_days = 2557, evidence_locked = true }
    anthropic_api_key       = ""
    database_administrators = { admins = { object_id = "44444444-4444-4444-4444-444444444444", type = "Team" } }
    functions               = { memory_mb = 1024, maximum_instances = 40, http_concurrency = 16, always_ready = { "http" = 2, "function:run_llm_job_critical" = 2 } }
    event_hubs              = { processing_units = 3 }
    postgres                = { sku = "Standard_D4ds_v5", storage_mb = 32768, high_availability = false, backup_days = 35, geo_backup = true }
    containers              = { qdrant_image = "docker.io/qdrant/qdrant:latest", neo4j_image = "docker.io/library/neo4j:5.26.28-community", backup_image = "mcr.microsoft.com/azure-cli:2.77.0", cpu = 1, memory_gi = 2 }
    durable_task            = { sku = "Free", capacity = 1 }
    budget                  = { amount = 1, start = "2026-12-15T00:00:00Z" }
    secrets_expire          = "next spring"
  }

  expect_failures = [
    var.product, var.location, var.address_space, var.subscription_id, var.tenant_id, var.deployer_object_id, var.oidc_audience,
    var.workspaces, var.alert_emails, var.alert_sources, var.database_administrators, var.functions, var.event_hubs, var.postgres,
    var.containers, var.durable_task, var.budget, var.secrets_expire,
    var.home_tenant, var.sentinel_hub, var.redis, var.storage, var.anthropic_api_key, var.live_actions, var.incident_workspaces,
  ]
}

run "values_that_clash_or_do_not_fit_are_refused" {
  command = plan

  variables {
    product                 = "aluskortplatform" # storage account of 29 characters
    location                = "westus"           # no zones
    address_space           = "10.0.0.0/24"      # no room for four subnets
    siem_hub                = "sentinel-alerts"  # two hubs of one name
    alert_emails            = []
    operator_network_id     = "vnet-runners" # its name
    database_administrators = {}
    functions               = { memory_mb = 2048, maximum_instances = 10, http_concurrency = 16, always_ready = { "http" = 2, "function:run_llm_job_critical" = 2 } }
    postgres                = { sku = "B_Standard_B2s", storage_mb = 32768, high_availability = true, backup_days = 35, geo_backup = true } # burstable has no standby
    storage                 = { replication = "GZRS", evidence_days = 2557, evidence_locked = false }                                       # unlocked in prod
    kafka                   = { image = "docker.io/apache/kafka:latest", cpu = 0.5, memory_gi = 2 }                                         # beside Event Hubs, and in prod
    containers              = { qdrant_image = "registry.example:5000/qdrant", neo4j_image = null, backup_image = "mcr.microsoft.com/azure-cli:2.77.0", cpu = 1, memory_gi = 2 }
    logs                    = { retention_days = 30, daily_limit_gb = 1 }
    spend                   = { soft_usd = 1000, hard_usd = 500 } # the warning would come after the stop
    allowed_addresses       = ["203.0.113.7"]                     # prod has no public network
    qdrant_api_key          = "secret"
  }

  expect_failures = [
    var.product, var.location, var.address_space, var.siem_hub, var.alert_emails, var.operator_network_id, var.database_administrators, var.functions, var.postgres,
    var.storage, var.kafka, var.containers, var.logs, var.spend, var.allowed_addresses, var.qdrant_api_key,
  ]
}

run "a_hub_with_the_name_of_a_topic_is_refused" {
  command = plan

  variables {
    sentinel_hub  = "alerts.raw"
    sentinel_mode = "push"
    workspaces    = { "66666666-6666-6666-6666-666666666666" = "*" } # the scope of every tenant
    alert_sources = "{\"qradar\": {\"siem\": \"qradar\", \"tenant\": \"contoso\"}}"
    functions     = { memory_mb = 2048, maximum_instances = 40, http_concurrency = 16, always_ready = { "http" = 2 } } # the critical queue would start cold
    postgres      = { sku = "GP_Standard_D4ds_v5", storage_mb = 32768, high_availability = true, backup_days = 365, geo_backup = true }
    storage       = { replication = "GZRS", evidence_days = 0, evidence_locked = true }
    containers    = { qdrant_image = "docker.io/qdrant/qdrant:v1.20.0", neo4j_image = "docker.io/library/neo4j:5.26.28-community", backup_image = "mcr.microsoft.com/azure-cli:2.77.0", cpu = 1, memory_gi = 4 }
  }

  expect_failures = [var.sentinel_hub, var.sentinel_mode, var.workspaces, var.alert_sources, var.functions, var.postgres, var.storage, var.containers]
}

run "a_range_or_everybody_is_no_address_and_a_sentence_no_name" {
  command = plan

  variables {
    environment       = "dev"
    allowed_addresses = ["0.0.0.0", "10.0.0.0/8"]
    kafka             = { image = "docker.io/apache/kafka:4.1.1", cpu = 0.25, memory_gi = 0.5 }                                                                 # beside Event Hubs
    neo4j_password    = "0123456789abcdef/0123456789abcdef"                                                                                                     # the slash would end the user's name
    siem_hub          = "alerts-of-every-other-siem-that-sends-us-its-detections"                                                                               # 55 characters
    functions         = { memory_mb = 2048, maximum_instances = 40, http_concurrency = 16, always_ready = { "http" = 1, "function:run_llm_job_critical" = 2 } } # fewer than zones
  }

  expect_failures = [var.allowed_addresses, var.functions, var.siem_hub, var.event_hubs, var.neo4j_password]
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.environment]
}

run "alerts_are_not_exported_to_a_hub_that_is_not_there" {
  command = plan

  variables {
    environment   = "dev"
    event_hubs    = null
    kafka         = { image = "docker.io/apache/kafka:4.1.1", cpu = 0.25, memory_gi = 0.5 }
    sentinel_mode = "event_hub"
  }

  expect_failures = [var.sentinel_mode]
}

run "topics_need_a_place" {
  command = plan

  variables {
    event_hubs     = null
    sentinel_mode  = "poll"
    neo4j_password = null # prod has a Neo4j
  }

  expect_failures = [var.event_hubs, var.neo4j_password]
}
