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

variable "base" {
  description = "Base of the identities' names; the app's identity is also its role in PostgreSQL."
  type        = string
}

variable "deployer_object_id" {
  description = "Object id of the principal that applies."
  type        = string
}

variable "references_principal_id" {
  description = "Principal of the app's system-assigned identity, which resolves Key Vault references."
  type        = string
}

variable "absent" {
  description = "Scopes of the table that this environment does not have."
  type        = list(string)
}

variable "scopes" {
  description = "What rights are given on: name to resource id."
  type        = map(string)
}
