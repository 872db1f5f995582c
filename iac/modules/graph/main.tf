# Neo4j Community. One replica holds the store's lock: before a new revision can start, deactivate the old one (README).
# Community has no online backup; a nightly job exports the graph as Cypher, which is consistent, and copies it off.

locals {
  export = <<-SHELL
    set -eu
    export NEO4J_USERNAME=neo4j NEO4J_PASSWORD="$${NEO4J_AUTH#neo4j/}"
    cypher-shell --address bolt://neo4j:7687 --format plain "CALL apoc.export.cypher.all('graph.cypher', {format: 'cypher-shell'})"
  SHELL

  upload = <<-SHELL
    set -eu
    name="neo4j/graph-$(date -u +%Y%m%dT%H%M%SZ).cypher"
    az login --identity --client-id "$AZURE_CLIENT_ID" --allow-no-subscriptions --output none
    az storage blob upload --auth-mode login --account-name "$BACKUP_ACCOUNT" --container-name "$BACKUP_CONTAINER" \
      --name "$name" --file /share/export/graph.cypher --output none
    echo "backup written: $name"
  SHELL
}

resource "azurerm_container_app" "this" {
  name                         = "neo4j"
  resource_group_name          = var.resource_group_name
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  revision_mode                = "Single"
  tags                         = var.tags

  depends_on = [var.ready]

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identities["containers"].id]
  }

  secret {
    name                = "auth"
    identity            = var.identities["containers"].id
    key_vault_secret_id = var.secret_id
  }

  ingress {
    external_enabled = true # outside the environment, but the environment itself is inside the network
    target_port      = 7687
    exposed_port     = 7687
    transport        = "tcp"
    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas                     = 1
    max_replicas                     = 1
    termination_grace_period_seconds = 120

    volume {
      name         = "share"
      storage_type = "NfsAzureFile"
      storage_name = var.share_name
    }

    container {
      name   = "neo4j"
      image  = var.image
      cpu    = var.cpu
      memory = "${var.memory_gi}Gi"

      env {
        name        = "NEO4J_AUTH"
        secret_name = "auth"
      }
      env {
        name  = "NEO4J_PLUGINS"
        value = "[\"apoc\"]"
      }
      env {
        name  = "NEO4J_apoc_export_file_enabled"
        value = "true"
      }
      env {
        name  = "NEO4J_server_memory_heap_max__size"
        value = "${var.memory_gi * 512}m"
      }
      env {
        name  = "NEO4J_server_memory_pagecache_size"
        value = "${var.memory_gi * 256}m"
      }

      volume_mounts {
        name     = "share"
        path     = "/data"
        sub_path = "data"
      }
      volume_mounts {
        name     = "share"
        path     = "/var/lib/neo4j/import"
        sub_path = "export"
      }

      startup_probe {
        transport               = "TCP"
        port                    = 7687
        interval_seconds        = 10
        failure_count_threshold = 30
      }
      liveness_probe {
        transport = "TCP"
        port      = 7687
      }
      readiness_probe {
        transport = "TCP"
        port      = 7687
      }
    }
  }
}

resource "azurerm_container_app_job" "backup" {
  name                         = "neo4j-backup"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  replica_timeout_in_seconds   = 3600
  replica_retry_limit          = 2
  tags                         = var.tags

  depends_on = [var.ready]

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identities["backup"].id]
  }

  secret {
    name                = "auth"
    identity            = var.identities["backup"].id
    key_vault_secret_id = var.secret_id
  }

  schedule_trigger_config {
    cron_expression = "30 2 * * *"
  }

  template {
    volume {
      name         = "share"
      storage_type = "NfsAzureFile"
      storage_name = var.share_name
    }

    init_container {
      name    = "export"
      image   = var.image
      cpu     = 0.5
      memory  = "1Gi"
      command = ["/bin/sh", "-c"]
      args    = [local.export]

      env {
        name        = "NEO4J_AUTH"
        secret_name = "auth"
      }
    }

    container {
      name    = "upload"
      image   = var.backup_image
      cpu     = 0.5
      memory  = "1Gi"
      command = ["/bin/sh", "-c"]
      args    = [local.upload]

      env {
        name  = "AZURE_CLIENT_ID"
        value = var.identities["backup"].client_id
      }
      env {
        name  = "BACKUP_ACCOUNT"
        value = var.backup.account
      }
      env {
        name  = "BACKUP_CONTAINER"
        value = var.backup.container
      }
      volume_mounts {
        name = "share"
        path = "/share"
      }
    }
  }
}
