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

variable "environment_id" {
  description = "Container Apps environment."
  type        = string
}

variable "share_name" {
  description = "Name of the mounted share."
  type        = string
}

variable "identities" {
  description = "Identities of the app (containers) and of its backup job (backup)."
  type = map(object({
    id        = string
    client_id = string
  }))
}

variable "ready" {
  description = "Rights of the identities; secrets cannot be read before."
  type        = any
}

variable "image" {
  description = "Image of the store."
  type        = string
}

variable "backup_image" {
  description = "Image of the backup job: Azure CLI."
  type        = string
}

variable "cpu" {
  description = "vCPUs."
  type        = number
}

variable "memory_gi" {
  description = "Memory in Gi."
  type        = number
}

variable "secret_id" {
  description = "Key Vault id of the secret that the store demands."
  type        = string
}

variable "backup" {
  description = "Where backups go: storage account and container."
  type = object({
    account   = string
    container = string
  })
}
