# What only an operator knows. None has a default that could be wrong for someone; see README.md.

variable "subscription_id" {
  description = "Subscription to deploy into."
  type        = string

  validation {
    condition     = can(regex(local.uuid, var.subscription_id))
    error_message = "subscription_id is \"${var.subscription_id}\"; it is a UUID. `az account show --query id` prints it."
  }
}

variable "tenant_id" {
  description = "Microsoft Entra tenant of the subscription."
  type        = string

  validation {
    condition     = can(regex(local.uuid, var.tenant_id))
    error_message = "tenant_id is \"${var.tenant_id}\"; it is a UUID. `az account show --query tenantId` prints it."
  }
}

variable "deployer_object_id" {
  description = "Object id of the principal that applies: it writes secrets and keys and uploads the package."
  type        = string

  validation {
    condition     = can(regex(local.uuid, var.deployer_object_id))
    error_message = "deployer_object_id is \"${var.deployer_object_id}\"; it is the UUID of the principal itself, not of its application. `az ad sp show --id <application id> --query id` prints it."
  }
}

variable "database_administrators" {
  description = "Entra principals that administer PostgreSQL and run `aluskort migrate`: name to object id and type (User, Group, ServicePrincipal)."
  type = map(object({
    object_id = string
    type      = string
  }))

  validation {
    condition     = length(var.database_administrators) > 0
    error_message = "database_administrators is empty; without one nobody can run migrations, because password logins are off."
  }

  validation {
    condition     = alltrue([for admin in values(var.database_administrators) : can(regex(local.uuid, admin.object_id)) && contains(["User", "Group", "ServicePrincipal"], admin.type)])
    error_message = "database_administrators: each needs an object_id that is a UUID and a type that is User, Group or ServicePrincipal."
  }
}

variable "alert_emails" {
  description = "Who is told of operator alerts and of the budget."
  type        = set(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails needs at least one e-mail address, or a broken audit chain would be noticed by nobody."
  }
}

variable "home_tenant" {
  description = "The product's tenant that alerts of this workspace belong to."
  type        = string

  validation {
    condition     = can(regex(local.tenant, var.home_tenant))
    error_message = "home_tenant is \"${var.home_tenant}\"; a tenant's name has letters, digits, dots, hyphens and underscores, 128 at most, and starts with a letter or digit."
  }
}

variable "workspaces" {
  description = "Other Log Analytics workspaces whose alerts arrive here: workspace id to the product's tenant."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in keys(var.workspaces) : can(regex(local.uuid, id))])
    error_message = "workspaces: every key is a workspace id (a UUID), not its name or resource id."
  }

  validation {
    condition     = alltrue([for tenant in values(var.workspaces) : can(regex(local.tenant, tenant))])
    error_message = "workspaces: every value is a tenant's name: letters, digits, dots, hyphens and underscores, 128 at most, starting with a letter or digit."
  }
}

variable "alert_sources" {
  description = "Sources of alerts beside Sentinel, in the form of ALUSKORT_ALERT_SOURCES (JSON)."
  type        = string
  default     = "{}"

  validation {
    condition = can([
      for name, source in jsondecode(var.alert_sources) : [regex("^[a-z0-9][a-z0-9-]{0,63}$", name), regex("^(elastic|splunk)$", source.siem), regex(local.tenant, source.tenant)]
    ]) && can(keys(jsondecode(var.alert_sources)))
    error_message = "alert_sources is not JSON such as {\"elastic-prod\": {\"siem\": \"elastic\", \"tenant\": \"contoso\"}}: a name of lower-case letters, digits and hyphens, elastic or splunk, and whose alerts they are. The app would not start with it."
  }
}

variable "operator_tenant" {
  description = "Tenant whose administrators load and retire playbooks and indicators, which all tenants share; empty: nobody."
  type        = string
  default     = ""
}

variable "allowlisted_playbooks" {
  description = "Playbooks that may run without a person."
  type        = set(string)
  default     = []
}

variable "live_actions" {
  description = "What is really done, by the product's tenant: classes of actions, see docs/deployment.md. All else is a dry run."
  type        = map(set(string))
  default     = {}

  validation {
    condition = alltrue(flatten([
      for tenant, classes in var.live_actions : [can(regex(local.tenant, tenant)), [for class in classes : contains(["endpoint", "indicator", "identity", "mail", "incident", "people"], class)]]
    ]))
    error_message = "live_actions: every key is a tenant's name, every class one of endpoint, indicator, identity, mail, incident, people. The app would not start with it."
  }
}

variable "incident_workspaces" {
  description = "Sentinel workspaces whose incidents get verdicts: the product's tenant to the workspace's resource id."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for id in values(var.incident_workspaces) : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.OperationalInsights/workspaces/[^/]+$", id))
    ])
    error_message = "incident_workspaces: every value is a workspace's resource id; `az monitor log-analytics workspace show --query id` prints it."
  }
}

variable "notifications" {
  description = "Channels that people are told by (teams, slack) and the address under which they open cases; null: none. Their secrets are in notification_secrets."
  type = object({
    channels  = set(string)
    link_base = string
  })
  default = null

  validation {
    condition     = var.notifications == null || try(length(var.notifications.channels) > 0 && alltrue([for channel in var.notifications.channels : contains(["teams", "slack"], channel)]), false)
    error_message = "notifications.channels names at least one of teams and slack."
  }

  validation {
    condition     = var.notifications == null || can(regex("^https://", var.notifications.link_base))
    error_message = "notifications.link_base is an https:// address: messages link to cases below it. The app would not start with another."
  }
}

variable "notification_secrets" {
  description = "Of each channel the webhook, as teams-webhook and slack-webhook, and notification-link-key, at least 32 random characters that sign the links. They go to Key Vault only, never to the state."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true

  validation {
    condition = alltrue([
      for name in local.notification_secrets : name == "notification-link-key" ? length(lookup(var.notification_secrets, name, "")) >= 32 : startswith(lookup(var.notification_secrets, name, ""), "https://")
    ])
    error_message = "notification_secrets lacks one of ${join(", ", local.notification_secrets)}: each channel needs its webhook, an https:// address, and notification-link-key at least 32 characters (`openssl rand -hex 32`)."
  }
}

variable "oidc_audience" {
  description = "Application (client) id of the console and API in Entra; tokens for anything else are refused."
  type        = string

  validation {
    condition     = can(regex(local.uuid, var.oidc_audience))
    error_message = "oidc_audience is \"${var.oidc_audience}\"; it is the application (client) id of the API's registration, a UUID."
  }
}

variable "operator_network_id" {
  description = "Virtual network of whoever applies, migrates and deploys; it is peered, and names resolve in it. Without one, peer `network_id` by hand."
  type        = string
  default     = null

  validation {
    condition = var.operator_network_id == null || can(regex(
      "^/subscriptions/${var.subscription_id}/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+$", var.operator_network_id
    ))
    error_message = "operator_network_id is \"${coalesce(var.operator_network_id, "null")}\"; it is the resource id of a virtual network in subscription ${var.subscription_id}. `az network vnet show --query id` prints it; peer one of another subscription by hand."
  }
}

variable "allowed_addresses" {
  description = "Public IPv4 addresses that may reach the stores' public endpoints. For dev only; empty means no public network at all."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.allowed_addresses) == 0 || var.environment == "dev"
    error_message = "allowed_addresses is for dev only; ${var.environment} has no public network. Reach it through a network that is peered with its own."
  }

  validation {
    condition     = alltrue([for address in var.allowed_addresses : can(cidrhost("${address}/32", 0)) && !startswith(address, "0.")])
    error_message = "allowed_addresses: each is one IPv4 address such as 203.0.113.7, no range."
  }
}

variable "anthropic_api_key" {
  description = "Key of the model provider. Goes to Key Vault only, never to the state."
  type        = string
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = can(regex("^[!-~]+$", var.anthropic_api_key))
    error_message = "anthropic_api_key is empty or has blanks; it is the key as the provider's console shows it."
  }
}

variable "qdrant_api_key" {
  description = "Key that Qdrant demands: at least 32 random characters."
  type        = string
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = length(var.qdrant_api_key) >= 32
    error_message = "qdrant_api_key is shorter than 32 characters; `openssl rand -hex 32` makes one."
  }
}

variable "neo4j_password" {
  description = "Password of Neo4j's only user: at least 32 random letters and digits. Not needed where containers.neo4j_image is null."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.containers.neo4j_image == null || can(regex("^[A-Za-z0-9]{32,}$", var.neo4j_password))
    error_message = "neo4j_password needs at least 32 letters and digits (a slash would end the user's name); `openssl rand -hex 32` makes one."
  }
}

variable "secrets_version" {
  description = "Raise it by one to write the three secrets again, for example at the 90-day rotation."
  type        = number
  default     = 1
}

variable "secrets_expire" {
  description = "When the secrets expire (RFC 3339), at most 90 days ahead by policy."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", var.secrets_expire))
    error_message = "secrets_expire is \"${var.secrets_expire}\"; it is a time such as 2027-02-01T00:00:00Z."
  }
}

locals {
  notification_secrets = var.notifications == null ? [] : concat(["notification-link-key"], [for channel in var.notifications.channels : "${channel}-webhook"])

  tenant = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$" # as shared/contracts/tenant.py

  uuid = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
}
