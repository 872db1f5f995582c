# Qdrant. It demands a local disk (no NFS, no SMB), which a replica loses with itself; so snapshots go to the share every
# hour, a new replica restores the newest, and PostgreSQL, which has every incident, fills what came after.

locals {
  start = <<-SHELL
    newest="$(ls -1t /snapshots/*.snapshot 2>/dev/null | head -n 1)"
    exec ./entrypoint.sh $${newest:+--storage-snapshot "$newest"}
  SHELL

  backup = <<-SHELL
    set -eu
    name="$(curl -fsS -X POST -H "api-key: $QDRANT_API_KEY" "$QDRANT_URL/snapshots" \
      | python3 -c 'import json, sys; print(json.load(sys.stdin)["result"]["name"])')"
    az login --identity --client-id "$AZURE_CLIENT_ID" --allow-no-subscriptions --output none
    az storage blob upload --auth-mode login --account-name "$BACKUP_ACCOUNT" --container-name "$BACKUP_CONTAINER" \
      --name "qdrant/$name" --file "/snapshots/$name" --output none
    ls -1t /snapshots/*.snapshot | tail -n +4 | xargs -r rm -f
    echo "backup written: qdrant/$name"
  SHELL
}

resource "azurerm_container_app" "this" {
  name                         = "qdrant"
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
    name                = "api-key"
    identity            = var.identities["containers"].id
    key_vault_secret_id = var.secret_id
  }

  ingress {
    external_enabled           = true # outside the environment, but the environment itself is inside the network
    target_port                = 6333
    transport                  = "http"
    allow_insecure_connections = false
    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas = 1
    max_replicas = 1

    volume {
      name         = "snapshots"
      storage_type = "NfsAzureFile"
      storage_name = var.share_name
    }
    volume {
      name         = "storage"
      storage_type = "EmptyDir"
    }

    container {
      name    = "qdrant"
      image   = var.image
      cpu     = var.cpu
      memory  = "${var.memory_gi}Gi"
      command = ["/bin/sh", "-c"]
      args    = [local.start]

      env {
        name        = "QDRANT__SERVICE__API_KEY"
        secret_name = "api-key"
      }
      env {
        name  = "QDRANT__STORAGE__SNAPSHOTS_PATH"
        value = "/snapshots"
      }
      env {
        name  = "QDRANT__TELEMETRY_DISABLED"
        value = "true"
      }

      volume_mounts {
        name = "snapshots"
        path = "/snapshots"
      }
      volume_mounts {
        name = "storage"
        path = "/qdrant/storage"
      }

      startup_probe {
        transport               = "HTTP"
        port                    = 6333
        path                    = "/readyz"
        interval_seconds        = 10
        failure_count_threshold = 30 # a restore takes a while
      }
      readiness_probe {
        transport = "HTTP"
        port      = 6333
        path      = "/readyz"
      }
      liveness_probe {
        transport = "HTTP"
        port      = 6333
        path      = "/livez"
      }
    }
  }
}

resource "azurerm_container_app_job" "backup" {
  name                         = "qdrant-backup"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  replica_timeout_in_seconds   = 1800
  replica_retry_limit          = 2
  tags                         = var.tags

  depends_on = [var.ready]

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identities["backup"].id]
  }

  secret {
    name                = "api-key"
    identity            = var.identities["backup"].id
    key_vault_secret_id = var.secret_id
  }

  schedule_trigger_config {
    cron_expression = "0 * * * *"
  }

  template {
    volume {
      name         = "snapshots"
      storage_type = "NfsAzureFile"
      storage_name = var.share_name
    }

    container {
      name    = "backup"
      image   = var.backup_image
      cpu     = 0.5
      memory  = "1Gi"
      command = ["/bin/sh", "-c"]
      args    = [local.backup]

      env {
        name        = "QDRANT_API_KEY"
        secret_name = "api-key"
      }
      env {
        name  = "QDRANT_URL"
        value = var.url
      }
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
        name = "snapshots"
        path = "/snapshots"
      }
    }
  }
}
