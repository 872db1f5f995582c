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
  description = "Name of the function app."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "base" {
  description = "Base of the plan's name."
  type        = string
}

variable "zone_redundant" {
  description = "Spread instances over zones."
  type        = bool
}

variable "subnet_id" {
  description = "Subnet of outbound traffic."
  type        = string
}

variable "identity_id" {
  description = "The app's user-assigned identity."
  type        = string
}

variable "ready" {
  description = "Rights of the identity; the host cannot reach its storage before."
  type        = any
}

variable "package_container" {
  description = "URL of the blob container of deployment packages."
  type        = string
}

variable "settings" {
  description = "App settings."
  type        = map(string)
}

variable "application_insights" {
  description = "Connection string of Application Insights."
  type        = string
  sensitive   = true
}

variable "memory_mb" {
  description = "Memory of one instance in MB."
  type        = number
}

variable "maximum_instances" {
  description = "The most instances of any one scale group."
  type        = number
}

variable "http_concurrency" {
  description = "HTTP requests that one instance takes at a time."
  type        = number
}

variable "always_ready" {
  description = "Instances that never go away, per scale group."
  type        = map(number)
}
