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
  description = "Name of the server."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "tenant_id" {
  description = "Entra tenant of the administrators."
  type        = string
}

variable "administrators" {
  description = "Entra administrators: name to object id and type."
  type = map(object({
    object_id = string
    type      = string
  }))
}

variable "sku" {
  description = "SKU with its tier; a burstable one has no PgBouncer and no standby."
  type        = string
}

variable "storage_mb" {
  description = "Storage in MB; it grows by itself."
  type        = number
}

variable "high_availability" {
  description = "Whether a standby stands in another zone."
  type        = bool
}

variable "backup_days" {
  description = "Days of point-in-time restore."
  type        = number
}

variable "geo_backup" {
  description = "Whether backups are copied to the paired region."
  type        = bool
}
