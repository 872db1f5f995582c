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

variable "allowed_addresses" {
  description = "Public addresses that may connect; empty closes the public endpoint."
  type        = set(string)
}

variable "host_name" {
  description = "Name of the account of the Functions host."
  type        = string
}

variable "data_name" {
  description = "Name of the account of evidence, checkpoints and backups."
  type        = string
}

variable "replication" {
  description = "Replication of both accounts, for example LRS or GZRS."
  type        = string
}

variable "evidence_days" {
  description = "Days for which evidence cannot be changed or deleted."
  type        = number
}

variable "evidence_locked" {
  description = "Whether that period can never be shortened again."
  type        = bool
}
