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
  description = "Name of the workspace."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "base" {
  description = "Base of the other names."
  type        = string
}

variable "retention_days" {
  description = "Days that logs stay searchable."
  type        = number
}

variable "daily_limit_gb" {
  description = "Daily limit in GB, -1 for none."
  type        = number
}

variable "export_hub_id" {
  description = "Hub that SecurityAlert and SecurityIncident are exported to; null where there is none."
  type        = string
}

variable "exports" {
  description = "Whether Sentinel's tables are exported (event_hub mode)."
  type        = bool
}
