# Apache Kafka for a small dev: one broker that is its own controller, on a share, and a job that makes the topics.
# Inside the network it asks for no login and speaks no TLS; network rules let in the function app only.

locals {
  port    = 9092
  brokers = "kafka.${var.domain}:${local.port}"

  # The image turns KAFKA_LOG_DIRS into log.dirs; what is not here has Kafka's default.
  properties = {
    "process.roles"                                    = "broker,controller"
    "node.id"                                          = "1"
    "controller.quorum.voters"                         = "1@localhost:9093"
    "controller.listener.names"                        = "CONTROLLER"
    "listeners"                                        = "PLAINTEXT://:${local.port},CONTROLLER://localhost:9093"
    "advertised.listeners"                             = "PLAINTEXT://${local.brokers}"
    "listener.security.protocol.map"                   = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
    "inter.broker.listener.name"                       = "PLAINTEXT"
    "log.dirs"                                         = "/var/lib/kafka/data"
    "log.retention.bytes"                              = "268435456" # of a partition: all of them fit the share, and a full one would stop the broker
    "log.segment.bytes"                                = "67108864"  # what a partition may have above that
    "log.index.size.max.bytes"                         = "262144"    # enough for a segment; each takes its full length at once
    "log.cleaner.dedupe.buffer.size"                   = "8388608"   # of a heap of 256 MB
    "auto.create.topics.enable"                        = "false"     # a misspelt topic is an error, as in Event Hubs
    "message.max.bytes"                                = "1048576"   # as Event Hubs
    "offsets.topic.replication.factor"                 = "1"
    "offsets.topic.num.partitions"                     = "4"
    "transaction.state.log.replication.factor"         = "1"
    "transaction.state.log.min.isr"                    = "1"
    "share.coordinator.state.topic.replication.factor" = "1"
    "share.coordinator.state.topic.min.isr"            = "1"
  }

  jvm = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" # on a quarter of a processor: starts sooner, takes less memory

  topics = join("\n", [for topic in var.topics : "${topic.name} ${topic.partitions} ${topic.retention_days}"])

  # One look at what is there; only a missing topic costs a second Java process.
  create = <<-SHELL
    set -eu
    present="$(/opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BROKERS" --list)"
    echo "$TOPICS" | while read -r name partitions days; do
      if ! echo "$present" | grep -qxF "$name"; then
        /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BROKERS" --create --if-not-exists --topic "$name" \
          --partitions "$partitions" --replication-factor 1 \
          --config "retention.ms=$((days * 86400000))" --config max.message.bytes=1048576 < /dev/null
      fi
    done
  SHELL
}

resource "azurerm_container_app" "this" {
  name                         = "kafka"
  resource_group_name          = var.resource_group_name
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  revision_mode                = "Single"
  tags                         = var.tags

  ingress {
    external_enabled = true # outside the environment, but the environment itself is inside the network
    target_port      = local.port
    exposed_port     = local.port
    transport        = "tcp"
    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas                     = 1
    max_replicas                     = 1
    termination_grace_period_seconds = 60

    volume {
      name         = "share"
      storage_type = "NfsAzureFile"
      storage_name = var.share_name
    }

    # The broker is no root and would not be let into a folder of root's.
    init_container {
      name    = "owner"
      image   = var.owner_image
      cpu     = var.cpu
      memory  = "${var.memory_gi}Gi"
      command = ["/bin/sh", "-c"]
      args    = ["mkdir -p /share/kafka && chown 1000:1000 /share/kafka"]

      volume_mounts {
        name = "share"
        path = "/share"
      }
    }

    container {
      name   = "kafka"
      image  = var.image
      cpu    = var.cpu
      memory = "${var.memory_gi}Gi"

      dynamic "env" {
        for_each = local.properties
        content {
          name  = "KAFKA_${upper(replace(env.key, ".", "_"))}"
          value = env.value
        }
      }
      env {
        name  = "KAFKA_HEAP_OPTS"
        value = "-Xms64m -Xmx256m"
      }
      env {
        name  = "KAFKA_JVM_PERFORMANCE_OPTS"
        value = local.jvm
      }

      volume_mounts {
        name     = "share"
        path     = "/var/lib/kafka/data"
        sub_path = "kafka"
      }

      startup_probe {
        transport               = "TCP"
        port                    = local.port
        interval_seconds        = 10
        failure_count_threshold = 30
      }
      liveness_probe {
        transport = "TCP"
        port      = local.port
      }
      readiness_probe {
        transport = "TCP"
        port      = local.port
      }
    }
  }
}

resource "azurerm_container_app_job" "topics" {
  name                         = "kafka-topics"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  replica_timeout_in_seconds   = 540
  replica_retry_limit          = 0 # it comes again
  tags                         = var.tags

  schedule_trigger_config {
    cron_expression = "*/10 * * * *"
  }

  template {
    container {
      name    = "topics"
      image   = var.image
      cpu     = 0.25
      memory  = "0.5Gi"
      command = ["/bin/sh", "-c"]
      args    = [local.create]

      env {
        name  = "BROKERS"
        value = local.brokers
      }
      env {
        name  = "TOPICS"
        value = local.topics
      }
      env {
        name  = "KAFKA_HEAP_OPTS"
        value = "-Xmx128m"
      }
      env {
        name  = "KAFKA_JVM_PERFORMANCE_OPTS"
        value = local.jvm
      }
    }
  }
}
