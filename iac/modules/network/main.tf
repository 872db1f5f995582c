# The virtual network: one subnet per flow of security-and-audit.md §12, each closed but for the rules in rules.tf.

locals {
  # Cut from the range in this order; the sizes are the smallest that Azure advises for each.
  prefix_length = tonumber(split("/", var.address_space)[1])
  cidrs = cidrsubnets(
    var.address_space,
    24 - local.prefix_length, # functions: one address per two instances
    24 - local.prefix_length, # containers
    25 - local.prefix_length, # endpoints
    26 - local.prefix_length, # firewall: Azure wants a /26
  )

  subnets = {
    functions  = { prefix = local.cidrs[0], delegation = "Microsoft.App/environments" }
    containers = { prefix = local.cidrs[1], delegation = "Microsoft.App/environments" }
    endpoints  = { prefix = local.cidrs[2], delegation = null }
  }
}

resource "azurerm_virtual_network" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "this" {
  for_each = local.subnets

  name                              = "snet-${each.key}"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [each.value.prefix]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled" # network rules hold for private endpoints too

  dynamic "delegation" {
    for_each = each.value.delegation == null ? [] : [each.value.delegation]
    content {
      name = "delegation"
      service_delegation {
        name    = delegation.value
        actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
      }
    }
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = local.subnets

  name                = "nsg-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_network_security_rule" "this" {
  for_each = merge([
    for subnet, rules in local.rules : {
      for rule in rules : "${subnet}/${rule.direction}/${rule.name}" => merge(rule, { subnet = subnet })
    }
  ]...)

  name                        = each.value.name
  description                 = each.value.why
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  direction                   = each.value.direction
  priority                    = each.value.priority
  access                      = each.value.access
  protocol                    = each.value.protocol
  source_port_range           = "*"
  source_address_prefix       = each.value.source
  destination_address_prefix  = each.value.destination
  destination_port_ranges     = each.value.ports == ["*"] ? null : each.value.ports
  destination_port_range      = each.value.ports == ["*"] ? "*" : null
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.subnets

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}

# Operators and runners come in from a network of their own, both sides of whose peering are made here.
locals {
  operators = var.operator_network_id == null ? {} : { this = split("/", var.operator_network_id) }
}

resource "azurerm_virtual_network_peering" "to_operators" {
  for_each = local.operators

  name                      = "operators"
  resource_group_name       = var.resource_group_name
  virtual_network_name      = azurerm_virtual_network.this.name
  remote_virtual_network_id = var.operator_network_id
}

resource "azurerm_virtual_network_peering" "from_operators" {
  for_each = local.operators

  name                      = var.name
  resource_group_name       = each.value[4]
  virtual_network_name      = each.value[8]
  remote_virtual_network_id = azurerm_virtual_network.this.id
}
