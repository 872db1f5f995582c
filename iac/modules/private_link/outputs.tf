output "endpoints" {
  description = "Private endpoints as built: name to sub-resource."
  value       = { for name, endpoint in azurerm_private_endpoint.this : name => endpoint.private_service_connection[0].subresource_names[0] }
}

output "resolved_in" {
  description = "Links of DNS zones to networks as built, zone/network."
  value       = keys(azurerm_private_dns_zone_virtual_network_link.this)
}
