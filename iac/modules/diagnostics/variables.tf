variable "workspace_id" {
  description = "Workspace that takes logs and metrics."
  type        = string
}

variable "targets" {
  description = "Resources with diagnostic settings: name to id, and whether the resource has logs (some have metrics only)."
  type = map(object({
    id      = string
    logs    = optional(bool, true)
    metrics = optional(bool, true)
  }))
}
