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
  description = "Name of the Container Apps environment."
  type        = string
}

variable "storage_name" {
  description = "Name of the storage account of the file shares."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of the environment."
  type        = string
}

variable "network_id" {
  description = "Virtual network in which the apps' names resolve."
  type        = string
}

variable "zone_redundant" {
  description = "Spread the environment and the shares over zones."
  type        = bool
}

variable "shares" {
  description = "Names of the file shares, one for each store or one for all."
  type        = set(string)
}
