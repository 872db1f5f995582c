output "id" {
  description = "Id of the app."
  value       = azurerm_container_app.this.id
}

output "backup_schedule" {
  description = "When backups are made (cron, UTC)."
  value       = azurerm_container_app_job.backup.schedule_trigger_config[0].cron_expression
}
