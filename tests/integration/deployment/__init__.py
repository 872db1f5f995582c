"""What an operator runs against a deployment, on real services."""
