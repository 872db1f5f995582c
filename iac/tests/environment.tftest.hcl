# What holds in every environment. Run with -var-file=environments/<environment>.tfvars -var-file=tests/operator.tfvars.

mock_provider "azurerm" {
  source          = "./tests/mocks"
  override_during = plan
}

# One run, because each costs a plan.
run "environment" {
  command = plan

  # Nothing admits by key or password but the one listen rule.
  assert {
    condition     = join(",", [for name, service in output.posture : name if try(service.local_auth, false)]) == (local.small ? "" : "event_hubs")
    error_message = "Local authentication is on for ${jsonencode([for name, service in output.posture : name if try(service.local_auth, false)])}."
  }

  assert {
    condition     = !strcontains(local.settings.ALUSKORT_POSTGRES_URL, ":@") && !can(regex("//[^@/]*:[^@/]*@", local.settings.ALUSKORT_POSTGRES_URL)) && !strcontains(local.settings.ALUSKORT_REDIS_URL, "@")
    error_message = "A password stands in a connection URL."
  }

  assert {
    condition = alltrue([
      for name in concat(["ANTHROPIC_API_KEY", "ALUSKORT_QDRANT_API_KEY"], local.small ? [] : ["ALUSKORT_KAFKA_TRIGGER_CONNECTION"]) : startswith(local.settings[name], "@Microsoft.KeyVault(SecretUri=")
    ])
    error_message = "Every secret setting is a Key Vault reference."
  }

  # Transport is TLS 1.2 or newer.
  assert {
    condition = alltrue([
      for name, service in output.posture : contains(["1.2", "TLS1_2", "TLSv1.2"], service.minimum_tls) if can(service.minimum_tls)
    ])
    error_message = "Older TLS is accepted: ${jsonencode({ for name, service in output.posture : name => service.minimum_tls if can(service.minimum_tls) })}"
  }

  assert {
    condition     = output.posture.redis.tls == "Encrypted" && output.posture.functions.https_only && output.posture.containers.mutual_tls
    error_message = "Redis, the function app or the containers accept unencrypted connections."
  }

  assert {
    condition = (
      startswith(local.settings.ALUSKORT_REDIS_URL, "rediss://") && endswith(local.settings.ALUSKORT_POSTGRES_URL, "?sslmode=verify-full&sslrootcert=system") &&
      startswith(local.settings.ALUSKORT_QDRANT_URL, "https://") && module.postgres.parameters["require_secure_transport"] == "on"
    )
    error_message = "The product is told to connect without TLS."
  }

  # Rights are exactly those of the table.
  assert {
    condition = output.role_assignments == {
      for row in module.identity.table : "${row.principal}/${row.role}/${row.scope}" => { role = row.role, scope = local.scopes[row.scope] }
    }
    error_message = "Role assignments differ from modules/identity/table.tf: ${jsonencode(output.role_assignments)}"
  }

  assert {
    condition     = alltrue([for row in module.identity.table : length(row.why) > 20])
    error_message = "Every right needs a reason."
  }

  assert {
    condition     = !anytrue([for row in module.identity.table : contains(["Owner", "Contributor", "User Access Administrator", "Key Vault Administrator", "Azure Event Hubs Data Owner"], row.role)])
    error_message = "A right is broader than its use."
  }

  assert {
    condition     = alltrue([for assignment in values(output.role_assignments) : length(split("/providers/", assignment.scope)) > 1])
    error_message = "A right is given on a whole resource group or subscription."
  }

  assert {
    condition     = [for row in module.identity.table : row.scope if row.principal == "app" && strcontains(row.role, "Blob") && row.scope != "host_storage"] == ["evidence", "checkpoints"]
    error_message = "The app may write evidence and checkpoints, and no other container of that account."
  }

  assert {
    condition     = contains(keys(output.role_assignments), "app/Log Analytics Data Reader/workspace")
    error_message = "Every workspace in ALUSKORT_WORKSPACES is asked for late entities, also where alerts are exported: the app needs to read it."
  }

  # Evidence cannot be changed.
  assert {
    condition = module.storage.immutability == {
      for container in ["aluskort-audit-evidence", "aluskort-checkpoints"] : container => { days = var.storage.evidence_days, locked = var.storage.evidence_locked }
    }
    error_message = "Evidence or checkpoints have no immutability policy: ${jsonencode(module.storage.immutability)}"
  }

  assert {
    condition     = output.posture.data_storage.versioning && output.posture.data_storage.soft_delete >= 30 && output.posture.host_storage.soft_delete >= 30
    error_message = "Deleted or overwritten blobs are not kept."
  }

  assert {
    condition     = module.vector.backup_schedule == "0 * * * *" && one(module.graph[*].backup_schedule) == (local.graph ? "30 2 * * *" : null)
    error_message = "Qdrant is backed up hourly and Neo4j nightly; AluskortBackupMissing waits for that."
  }

  assert {
    condition     = output.posture.key_vault.purge_protection && output.posture.key_vault.rbac && output.posture.key_vault.signing_key == "EC-HSM"
    error_message = "The vault can be purged, or the key that signs checkpoints is not in an HSM."
  }

  # Every service reports to the workspace.
  assert {
    condition = toset(keys(module.diagnostics.settings)) == toset(concat([
      "containers", "data_blobs", "data_storage", "durable_task", "file_storage", "files", "functions",
      "host_blobs", "host_queues", "host_storage", "host_tables", "key_vault", "network", "postgres", "redis", "redis_database",
      "rules_containers", "rules_endpoints", "rules_functions", "workspace",
    ], local.small ? [] : ["event_hubs"], var.firewall ? ["egress_address", "firewall"] : []))
    error_message = "Diagnostic settings are: ${jsonencode(keys(module.diagnostics.settings))}"
  }

  assert {
    condition     = alltrue([for setting in values(module.diagnostics.settings) : setting.logs || setting.metrics])
    error_message = "A diagnostic setting sends nothing."
  }

  # Functions run Python 3.13 and stay ready.
  assert {
    condition     = module.functions.runtime.plan == "FC1" && module.functions.runtime.name == "python" && module.functions.runtime.version == trimspace(file("../.python-version"))
    error_message = "The runtime differs from .python-version: ${jsonencode(module.functions.runtime)}"
  }

  assert {
    condition     = var.environment == "dev" || lookup(module.functions.runtime.always_ready, "http", 0) >= 1 && lookup(module.functions.runtime.always_ready, "function:run_llm_job_critical", 0) >= 1
    error_message = "HTTP or the critical queue waits for a cold start: ${jsonencode(module.functions.runtime.always_ready)}"
  }

  assert {
    condition     = module.functions.runtime.package_login == "UserAssignedIdentity" && local.settings.AzureWebJobsStorage__credential == "managedidentity"
    error_message = "The host reaches its storage by something else than its identity."
  }

  assert {
    condition     = { for name, value in nonsensitive(module.functions.settings) : name => value if name != "APPLICATIONINSIGHTS_CONNECTION_STRING" } == { for name, value in local.settings : name => tostring(value) } && !contains(keys(nonsensitive(module.functions.settings)), "AzureWebJobsStorage")
    error_message = "The function app has other settings than settings.tf, or a connection string for its storage."
  }

  assert {
    condition     = endswith(local.settings.ALUSKORT_POSTGRES_URL, ":${startswith(var.postgres.sku, "B_") ? 5432 : 6432}/aluskort?sslmode=verify-full&sslrootcert=system")
    error_message = "PgBouncer listens on 6432, and a burstable server has none: ${local.settings.ALUSKORT_POSTGRES_URL}"
  }

  assert {
    condition     = jsondecode(local.settings.ALUSKORT_WORKSPACES)["88888888-8888-8888-8888-888888888888"] == "contoso"
    error_message = "The workspace's own alerts belong to no tenant: ${local.settings.ALUSKORT_WORKSPACES}"
  }

  # Every alert reaches a person.
  assert {
    condition = { for name, alert in module.alerting.alerts : name => alert.severity } == {
      for name, alert in yamldecode(file("modules/alerting/alerts.yaml")) : name => alert.severity
      if !contains(concat(local.small ? ["event_hubs"] : [], local.graph ? [] : ["neo4j"]), try(alert.needs, alert.resource, ""))
    }
    error_message = "Alerts differ from alerts.yaml: ${jsonencode(module.alerting.alerts)}"
  }

  assert {
    condition     = alltrue([for alert in values(module.alerting.alerts) : alert.told > 0]) && module.alerting.recipients == toset(["soc@example.com"])
    error_message = "An alert tells nobody."
  }

  assert {
    condition     = output.posture.application_insights.sampling == 100
    error_message = "Sampling on arrival loses log lines that alerts wait for."
  }

  assert {
    condition     = module.alerting.budget > 0
    error_message = "There is no budget."
  }

  # The network denies what it does not name.
  assert {
    condition = alltrue([
      for subnet in ["functions", "containers", "endpoints"] : alltrue([
        for direction in ["Inbound", "Outbound"] : module.network.rules["${subnet}/${direction}/nothing-else"].access == "Deny"
      ])
    ])
    error_message = "A subnet has no rule that denies the rest."
  }

  assert {
    condition     = [for name, rule in module.network.rules : name if rule.access == "Allow" && (rule.source == "*" || contains(["*", "Internet"], rule.destination) && !strcontains(name, "/Inbound/"))] == ["containers/Outbound/images"]
    error_message = "A rule opens the network to any address."
  }

  assert {
    condition     = join(",", module.egress.subnets) == (var.firewall ? "containers,functions" : "") && module.egress.default_route == (var.firewall ? "firewall" : "platform")
    error_message = "Outbound traffic of a subnet is not led through the one way out."
  }

  # Derived names fit Azure.
  assert {
    condition = alltrue([
      for kind in ["host_storage", "data_storage", "file_storage", "key_vault"] : length(local.names[kind]) <= 24
    ]) && length(local.names.event_hubs) <= 50 && alltrue([for name in values(local.names) : length(name) <= 60])
    error_message = "A name is too long: ${jsonencode(local.names)}"
  }

  assert {
    condition     = length(distinct(values(local.names))) == length(local.names)
    error_message = "Two resources have one name: ${jsonencode(local.names)}"
  }
}
