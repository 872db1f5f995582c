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

variable "networks" {
  description = "Virtual networks in which the names resolve: purpose to id."
  type        = map(string)
}

variable "subnet_id" {
  description = "Subnet of the endpoints."
  type        = string
}

variable "endpoints" {
  description = "What is reached privately: name to resource id, its sub-resource and the DNS zones of its names."
  type = map(object({
    resource_id = string
    subresource = string
    zones       = list(string)
  }))
}
