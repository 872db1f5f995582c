output "id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "name" {
  description = "Name of the virtual network."
  value       = azurerm_virtual_network.this.name
}

output "subnet_ids" {
  description = "Ids of the subnets, by purpose."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.id }

  # A subnet is of use to others only when its rules hold.
  depends_on = [azurerm_subnet_network_security_group_association.this, azurerm_network_security_rule.this]
}

output "prefixes" {
  description = "Ranges of the subnets, by purpose."
  value       = { for name, subnet in local.subnets : name => subnet.prefix }
}

output "firewall_prefix" {
  description = "Range kept for the firewall's subnet."
  value       = local.cidrs[3]
}

output "security_group_ids" {
  description = "Ids of the network security groups, by subnet."
  value       = { for name, group in azurerm_network_security_group.this : name => group.id }
}

output "rules" {
  description = "Network rules as built, by subnet, direction and name."
  value       = { for key, rule in azurerm_network_security_rule.this : key => { access = rule.access, source = rule.source_address_prefix, destination = rule.destination_address_prefix, ports = rule.destination_port_ranges } }
}

output "peered" {
  description = "Peerings as built, by the network they start in."
  value = {
    for peering in concat(values(azurerm_virtual_network_peering.to_operators), values(azurerm_virtual_network_peering.from_operators)) :
    peering.virtual_network_name => peering.remote_virtual_network_id
  }
}
