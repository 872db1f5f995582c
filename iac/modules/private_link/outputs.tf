output "endpoints" {
  description = "Private endpoints as built: name to sub-resource."
  value       = { for name, endpoint in azurerm_private_endpoint.this : name => endpoint.private_service_connection[0].subresource_names[0] }
}

output "zones" {
  description = "Private DNS zones as built."
  value       = keys(azurerm_private_dns_zone.this)
}
