variable "name" {
  description = "Name of the virtual network."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group of the network."
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

variable "address_space" {
  description = "IPv4 range of the network, /21 or larger."
  type        = string
}

variable "operator_network_id" {
  description = "Virtual network of operators and runners to peer with; null for none."
  type        = string
}

variable "containers" {
  description = "What the function app reaches in the containers: port to what is spoken there, its name first."
  type        = map(string)
}

variable "webhooks" {
  description = "Whether messages go to webhooks, whose addresses no service tag names."
  type        = bool
}
