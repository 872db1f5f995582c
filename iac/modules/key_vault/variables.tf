variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
}

variable "name" {
  description = "Name of the vault."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "tenant_id" {
  description = "Entra tenant."
  type        = string
}

variable "writer_ready" {
  description = "Rights and network path of who applies; secrets and keys are written after them."
  type        = any
}

variable "kafka_listens" {
  description = "Whether the Kafka trigger logs in with a connection string."
  type        = bool
}

variable "listen_connection_string" {
  description = "Connection string of the Kafka trigger; null where it needs none."
  type        = string
  sensitive   = true
}

variable "anthropic_api_key" {
  description = "Key of the model provider."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "qdrant_api_key" {
  description = "Key that Qdrant demands."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "graph" {
  description = "Whether there is a Neo4j that demands a password."
  type        = bool
}

variable "neo4j_password" {
  description = "Password of Neo4j's user; null where there is none."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "notification_names" {
  description = "Secrets that messages to people need: the channels' webhooks and the key of links."
  type        = list(string)
}

variable "notification_secrets" {
  description = "Their values by name."
  type        = map(string)
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "Raised to write the secrets again."
  type        = number
}

variable "secrets_expire" {
  description = "When the secrets expire (RFC 3339)."
  type        = string
}
