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
  description = "Name of the cache."
  type        = string
}

variable "sku" {
  description = "SKU of Azure Managed Redis, for example Balanced_B3."
  type        = string
}

variable "high_availability" {
  description = "Whether there is a replica."
  type        = bool
}

variable "user_object_id" {
  description = "Principal of the app's identity, the only user."
  type        = string
}
