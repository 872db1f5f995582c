# The egress allow-list of security-and-audit.md §12: host names per subnet, HTTPS only. Stores, Key Vault and Azure
# Monitor are not here: they are reached by private endpoints, inside the network.

locals {
  hosts = {
    functions = {
      model    = ["api.anthropic.com"]
      identity = ["login.microsoftonline.com", "login.microsoft.com"]
      actions  = ["api.security.microsoft.com", "graph.microsoft.com", "management.azure.com"]
    }
    containers = {
      identity = ["login.microsoftonline.com", "*.login.microsoftonline.com", "*.login.microsoft.com", "*.identity.azure.net"]
      images   = ["mcr.microsoft.com", "*.data.mcr.microsoft.com", "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"]
      platform = ["packages.aks.azure.com", "acs-mirror.azureedge.net"] # Container Apps' own nodes
    }
  }
}
