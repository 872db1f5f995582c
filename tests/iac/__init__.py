"""Terraform's own tests and checkov, run as tests of the product; nothing here talks to Azure."""
