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

variable "domain" {
  description = "Domain of the environment, under which clients reach the broker."
  type        = string
}

variable "share_name" {
  description = "Name of the mounted share; the broker keeps to the folder kafka."
  type        = string
}

variable "image" {
  description = "Image of Apache Kafka, with its command-line tools."
  type        = string
}

variable "owner_image" {
  description = "Image with a shell that runs as root; it gives the folder to the broker's user."
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

variable "topics" {
  description = "The product's topics: name, partitions, days of retention."
  type = list(object({
    name           = string
    partitions     = number
    retention_days = number
  }))
}
