output "brokers" {
  description = "The broker as clients reach it, host:port."
  value       = local.brokers

  depends_on = [azurerm_container_app.this]
}

output "properties" {
  description = "The broker's settings as built."
  value       = { for name in keys(local.properties) : name => one([for env in azurerm_container_app.this.template[0].container[0].env : env.value if env.name == "KAFKA_${upper(replace(name, ".", "_"))}"]) }
}

output "topics_job" {
  description = "The job that makes the topics, as built: its script and the topics, one a line."
  value = {
    script = azurerm_container_app_job.topics.template[0].container[0].args[0]
    topics = one([for env in azurerm_container_app_job.topics.template[0].container[0].env : env.value if env.name == "TOPICS"])
  }
}

output "posture" {
  description = "Security-relevant facts as built."
  value = {
    kafka = {
      public_network = false # as its environment
      login          = "none"
      tls            = "none"
      port           = azurerm_container_app.this.ingress[0].exposed_port
    }
  }
}
