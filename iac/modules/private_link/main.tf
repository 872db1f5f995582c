# Private endpoints and the DNS zones in which their names resolve, all from one table.

locals {
  zones = toset(flatten([for endpoint in var.endpoints : endpoint.zones]))
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.zones

  name                = each.value
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = { for pair in setproduct(local.zones, keys(var.networks)) : "${pair[0]}/${pair[1]}" => { zone = pair[0], network = pair[1] } }

  name                = each.value.network
  private_dns_zone_id = azurerm_private_dns_zone.this[each.value.zone].id
  virtual_network_id  = var.networks[each.value.network]
  tags                = var.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = var.endpoints

  name                = "pe-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource_id
    subresource_names              = [each.value.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [for zone in each.value.zones : azurerm_private_dns_zone.this[zone].id]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}
