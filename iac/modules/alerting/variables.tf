variable "resource_group_name" {
  description = "Resource group."
  type        = string
}

variable "resource_group_id" {
  description = "Id of the resource group, which the budget watches."
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
  description = "Base of the names."
  type        = string
}

variable "emails" {
  description = "Who is told."
  type        = set(string)
}

variable "workspace_id" {
  description = "Workspace that the queries run on."
  type        = string
}

variable "present" {
  description = "What alerts.yaml names and this environment has, to its id; an alert on anything else is not made."
  type        = map(string)
}

variable "budget" {
  description = "Monthly amount and first day."
  type = object({
    amount = number
    start  = string
  })
}
