"""What carries the product to Azure: the deployment package and the reading of Terraform's plans. Never deployed."""
