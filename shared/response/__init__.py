"""What may be done about an alert: playbook selection, and the executor with its constraints. Decides no verdict."""
