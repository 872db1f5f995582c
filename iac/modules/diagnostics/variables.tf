variable "workspace_id" {
  description = "Workspace that takes logs and metrics."
  type        = string
}

variable "targets" {
  description = "Resources with diagnostic settings: name to id, whether it has logs and metrics, and whether its logs have tables of their own beside AzureDiagnostics."
  type = map(object({
    id      = string
    logs    = optional(bool, true)
    metrics = optional(bool, true)
    tables  = optional(bool, false)
  }))
}
