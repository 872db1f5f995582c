# The egress allow-list of security-and-audit.md §12: host names per subnet, HTTPS only. Stores, Key Vault and Azure
# Monitor are not here: they are reached by private endpoints, inside the network.

locals {
  # A Teams workflow's webhook is in Logic Apps or, newer ones, in the Power Platform, under a name of the region's.
  webhooks = {
    teams = ["*.logic.azure.com", "*.api.powerplatform.com"]
    slack = ["hooks.slack.com"]
  }

  hosts = {
    functions = merge(
      {
        model    = ["api.anthropic.com"]
        identity = ["login.microsoftonline.com", "login.microsoft.com"]
        actions  = ["api.security.microsoft.com", "graph.microsoft.com", "management.azure.com"]
      },
      { for channel in var.channels : channel => local.webhooks[channel] },
    )
    containers = {
      identity = ["login.microsoftonline.com", "*.login.microsoftonline.com", "*.login.microsoft.com", "*.identity.azure.net"]
      images   = ["mcr.microsoft.com", "*.data.mcr.microsoft.com", "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"]
      platform = ["packages.aks.azure.com", "acs-mirror.azureedge.net"] # Container Apps' own nodes
    }
  }
}
