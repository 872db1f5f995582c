# The egress allow-list of security-and-audit.md §12: host names per subnet, HTTPS only.

locals {
  hosts = {
    functions = {
      model    = ["api.anthropic.com"]
      identity = ["login.microsoftonline.com", "login.microsoft.com", "graph.microsoft.com"]
      monitor  = ["*.in.applicationinsights.azure.com", "*.livediagnostics.monitor.azure.com", "api.loganalytics.io"]
      platform = ["functionscdn.azureedge.net", "cdn.functions.azure.com"] # extension bundles
    }
    containers = {
      identity = ["login.microsoftonline.com", "login.microsoft.com"]
      images   = ["mcr.microsoft.com", "*.data.mcr.microsoft.com", "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"]
      platform = ["management.azure.com", "*.azurecontainerapps.dev"]
    }
  }
}
