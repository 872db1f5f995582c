# Network rules per subnet. Anything not named is denied, in both directions, also inside the network.

locals {
  functions  = local.subnets.functions.prefix
  containers = local.subnets.containers.prefix
  endpoints  = local.subnets.endpoints.prefix

  # Published range of Anthropic's API: https://docs.anthropic.com/en/api/ip-addresses
  anthropic = "160.79.104.0/23"

  # HTTPS and AMQP over WebSocket, AMQP, Kafka, PostgreSQL and PgBouncer, Managed Redis.
  store_ports = ["443", "5671", "9093", "5432", "6432", "10000"]

  flows = {
    functions = concat([
      { direction = "Outbound", name = "stores", destination = local.endpoints, ports = local.store_ports, why = "Every store and Azure service is behind a private endpoint." },
      { direction = "Outbound", name = "containers", destination = local.containers, ports = keys(var.containers), why = "${join(", ", values(var.containers))}." },
      { direction = "Outbound", name = "model", destination = local.anthropic, ports = ["443"], why = "The gateway asks Claude." },
      { direction = "Outbound", name = "identity", destination = "AzureActiveDirectory", ports = ["443"], why = "Tokens of the managed identity and keys of the identity provider." },
      { direction = "Outbound", name = "monitor", destination = "AzureMonitor", ports = ["443"], why = "Telemetry, and questions to the workspaces' tables." },
      { direction = "Outbound", name = "management", destination = "AzureResourceManager", ports = ["443"], why = "Actions on Sentinel's incidents." },
      { direction = "Outbound", name = "defender", destination = "MicrosoftDefenderForEndpoint", ports = ["443"], why = "Actions on devices, indicators and files. Graph answers under the tag of identity." },
      ], var.webhooks ? [
      { direction = "Outbound", name = "webhooks", destination = "Internet", ports = ["443"], why = "Messages to people; the webhooks' hosts have no service tag, the firewall narrows this to them." },
    ] : [])
    containers = [
      { direction = "Inbound", name = "functions", source = local.functions, destination = "*", ports = keys(var.containers), why = "Only the function app speaks to ${join(" and ", [for what in values(var.containers) : split(" ", what)[0]])}." },
      { direction = "Inbound", name = "itself", source = local.containers, destination = local.containers, ports = ["*"], protocol = "*", why = "Container Apps' own traffic between its nodes." },
      { direction = "Inbound", name = "probes", source = "AzureLoadBalancer", destination = "*", ports = ["*"], protocol = "*", why = "The platform's load balancer asks for health." },
      { direction = "Outbound", name = "itself", destination = local.containers, ports = ["*"], protocol = "*", why = "Container Apps' own traffic between its nodes." },
      { direction = "Outbound", name = "stores", destination = local.endpoints, ports = ["443", "2049"], why = "Key Vault, blob storage, and the file shares over NFS." },
      { direction = "Outbound", name = "identity", destination = "AzureActiveDirectory", ports = ["443"], why = "Tokens of the managed identities." },
      { direction = "Outbound", name = "monitor", destination = "AzureMonitor", ports = ["443"], why = "Logs of the containers." },
      { direction = "Outbound", name = "images", destination = "Internet", ports = ["443"], why = "Images come from Microsoft's and Docker's registries, which have no service tag; the firewall narrows this to their hosts." },
    ]
    endpoints = [
      { direction = "Inbound", name = "functions", source = local.functions, destination = "*", ports = local.store_ports, why = "The function app reaches every store." },
      { direction = "Inbound", name = "containers", source = local.containers, destination = "*", ports = ["443", "2049"], why = "Containers read secrets and keep files and backups." },
      { direction = "Inbound", name = "operators", source = "VirtualNetwork", destination = "*", ports = local.store_ports, why = "Console, deployment, migrations and preflight from networks peered with this one." },
    ]
  }

  # DNS and the platform's addresses are permitted by Azure whatever the rules say.
  rules = {
    for subnet, flows in local.flows : subnet => concat(
      [for index, flow in flows : {
        direction   = flow.direction
        name        = flow.name
        priority    = 100 + 10 * index
        access      = "Allow"
        protocol    = lookup(flow, "protocol", "Tcp")
        source      = lookup(flow, "source", local.subnets[subnet].prefix)
        destination = flow.destination
        ports       = flow.ports
        why         = flow.why
      }],
      [for direction in ["Inbound", "Outbound"] : {
        direction   = direction
        name        = "nothing-else"
        priority    = 4096
        access      = "Deny"
        protocol    = "*"
        source      = "*"
        destination = "*"
        ports       = ["*"]
        why         = "Anything else is denied."
      }],
    )
  }
}
