variable "name" {
  description = "Base of the names."
  type        = string
}

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

variable "firewall" {
  description = "Whether a firewall with named hosts stands in the way."
  type        = bool
}

variable "zone_redundant" {
  description = "Spread the firewall over three zones."
  type        = bool
}

variable "network_name" {
  description = "Name of the virtual network."
  type        = string
}

variable "firewall_prefix" {
  description = "Range of the firewall's subnet."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets whose outbound traffic is led: functions and containers."
  type        = map(string)
}

variable "prefixes" {
  description = "Ranges of those subnets."
  type        = map(string)
}

variable "channels" {
  description = "Channels that people are told by: teams, slack."
  type        = set(string)
}
