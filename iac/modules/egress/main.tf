# The one way out. With a firewall only the hosts of hosts.tf; without one Functions and Container Apps leave by addresses
# of their own, behind the network rules, which know addresses and service tags but no names.

locals {
  firewall = var.firewall ? { this = true } : {}
  zones    = var.zone_redundant ? ["1", "2", "3"] : null
}

resource "azurerm_public_ip" "this" {
  for_each = local.firewall

  name                = "pip-egress-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = local.zones
  tags                = var.tags
}

moved {
  from = azurerm_public_ip.this
  to   = azurerm_public_ip.this["this"]
}

resource "azurerm_subnet" "firewall" {
  for_each = local.firewall

  name                            = "AzureFirewallSubnet" # Azure's fixed name
  resource_group_name             = var.resource_group_name
  virtual_network_name            = var.network_name
  address_prefixes                = [var.firewall_prefix]
  default_outbound_access_enabled = false
}

resource "azurerm_firewall_policy" "this" {
  #checkov:skip=CKV_AZURE_220:Intrusion detection needs the Premium tier and would see encrypted HTTPS to a few named hosts
  for_each = local.firewall

  name                     = "afwp-${var.name}"
  resource_group_name      = var.resource_group_name
  location                 = var.location
  sku                      = "Standard"
  threat_intelligence_mode = "Deny"
  tags                     = var.tags

  dns {
    proxy_enabled = true
  }
}

resource "azurerm_firewall_policy_rule_collection_group" "this" {
  for_each = local.firewall

  name               = "allow-list"
  firewall_policy_id = azurerm_firewall_policy.this["this"].id
  priority           = 100

  dynamic "application_rule_collection" {
    for_each = local.hosts
    content {
      name     = application_rule_collection.key
      priority = 100 + 10 * index(keys(local.hosts), application_rule_collection.key)
      action   = "Allow"

      dynamic "rule" {
        for_each = application_rule_collection.value
        content {
          name              = rule.key
          source_addresses  = [var.prefixes[application_rule_collection.key]]
          destination_fqdns = rule.value
          protocols {
            type = "Https"
            port = 443
          }
        }
      }
    }
  }
}

resource "azurerm_firewall" "this" {
  #checkov:skip=CKV_AZURE_216:The mode is set in its policy, to Deny
  for_each = local.firewall

  name                = "afw-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  sku_name            = "AZFW_VNet"
  sku_tier            = "Standard"
  firewall_policy_id  = azurerm_firewall_policy.this["this"].id
  zones               = local.zones
  tags                = var.tags

  ip_configuration {
    name                 = "egress"
    subnet_id            = azurerm_subnet.firewall["this"].id
    public_ip_address_id = azurerm_public_ip.this["this"].id
  }
}

resource "azurerm_route_table" "this" {
  for_each = local.firewall

  name                          = "rt-${var.name}"
  resource_group_name           = var.resource_group_name
  location                      = var.location
  bgp_route_propagation_enabled = false
  tags                          = var.tags

  route {
    name                   = "everything-through-the-firewall"
    address_prefix         = "0.0.0.0/0"
    next_hop_type          = "VirtualAppliance"
    next_hop_in_ip_address = azurerm_firewall.this["this"].ip_configuration[0].private_ip_address
  }
}

resource "azurerm_subnet_route_table_association" "this" {
  for_each = var.firewall ? var.prefixes : {}

  subnet_id      = var.subnet_ids[each.key]
  route_table_id = azurerm_route_table.this["this"].id
}
