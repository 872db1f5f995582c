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
  description = "Name of the namespace."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "processing_units" {
  description = "Processing units of the Premium namespace."
  type        = number
}

variable "topics" {
  description = "The product's topics: name, partitions, days of retention."
  type = list(object({
    name           = string
    partitions     = number
    retention_days = number
  }))
}

variable "alert_hubs" {
  description = "Hubs that alerts come in by, beside the topics."
  type        = set(string)
}
