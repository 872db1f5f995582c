output "diagnostic_targets" {
  description = "Resources that have diagnostic settings, by name."
  value = merge(
    { for key, address in azurerm_public_ip.this : "egress_address" => address.id },
    { for key, firewall in azurerm_firewall.this : "firewall" => firewall.id },
  )
}

output "hosts" {
  description = "Hosts that each subnet may reach through the firewall; empty without one."
  value       = var.firewall ? local.hosts : {}
}

output "default_route" {
  description = "Where outbound traffic goes: firewall or platform, the services' own addresses."
  value       = length(azurerm_route_table.this) > 0 ? "firewall" : "platform"
}

output "subnets" {
  description = "Subnets whose outbound traffic is led this way."
  value       = keys(azurerm_subnet_route_table_association.this)
}
