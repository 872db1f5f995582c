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
  description = "Name of the scheduler."
  type        = string
}

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "sku" {
  description = "Consumption or Dedicated."
  type        = string
}

variable "capacity" {
  description = "Capacity units of a Dedicated scheduler."
  type        = number
}

variable "resource_group_id" {
  description = "Id of the resource group; the ids of scheduler and hub follow from it."
  type        = string
}

variable "task_hub" {
  description = "Name of the task hub, as host.json has it."
  type        = string
}
